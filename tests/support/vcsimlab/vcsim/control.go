package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// called finds the name of the method that a SOAP request calls.
var called = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)

// headLength bounds where that name stands: before the arguments.
const headLength = 4096

// watch lets each request by to the simulator: it counts the requests, remembers the sessions.
type watch struct {
	model *simulator.Model
	next  http.Handler

	mutex    sync.Mutex
	counts   map[string]int
	sessions []string
	drops    map[string]drop
}

// drop says when the connection of a method's next call breaks.
type drop struct {
	// Done is whether the method is carried out first, so that only its answer is lost.
	Done bool
}

// order is what tests can ask of a running simulator.
type order struct {
	Do     string `json:"do"`
	Method string `json:"method"`
	MS     int    `json:"ms"`
	Done   bool   `json:"done"`
}

func newWatch(model *simulator.Model, next http.Handler) *watch {
	return &watch{
		model:  model,
		next:   next,
		counts: map[string]int{},
		drops:  map[string]drop{},
	}
}

// name says what is asked for: the method, or the verb and the first part of the path.
func name(request *http.Request) string {
	first := strings.SplitN(strings.TrimPrefix(request.URL.Path, "/"), "/", 2)[0]
	if request.Method != http.MethodPost || first != "sdk" {
		return request.Method + " /" + first
	}
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	head := body
	if len(head) > headLength {
		head = head[:headLength]
	}
	if found := called.FindSubmatch(head); found != nil {
		return string(found[1])
	}
	return "POST /sdk"
}

// ServeHTTP counts the request and has it served, unless its connection is to break.
func (w *watch) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	asked := name(request)
	w.mutex.Lock()
	w.counts[asked]++
	breaks, planned := w.drops[asked]
	delete(w.drops, asked)
	w.mutex.Unlock()
	if planned && !breaks.Done {
		// The server closes the connection of a handler that panics with this.
		panic(http.ErrAbortHandler)
	}
	if planned {
		answer = nowhere{http.Header{}}
	}
	w.next.ServeHTTP(answer, request)
	w.remember(answer.Header())
	if planned {
		panic(http.ErrAbortHandler)
	}
}

// remember keeps the key of a session that an answer has begun.
func (w *watch) remember(header http.Header) {
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		if cookie.Name == soap.SessionCookieName {
			w.mutex.Lock()
			w.sessions = append(w.sessions, cookie.Value)
			w.mutex.Unlock()
		}
	}
}

// nowhere takes an answer that nobody is to see.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header              { return n.header }
func (n nowhere) Write(answer []byte) (int, error) { return len(answer), nil }
func (n nowhere) WriteHeader(int)                  {}

// obey carries one order out.
func (w *watch) obey(line []byte) map[string]any {
	var asked order
	if err := json.Unmarshal(line, &asked); err != nil {
		return map[string]any{"error": err.Error()}
	}
	orders := map[string]func(order) map[string]any{
		"counts": w.count,
		"delay":  w.delay,
		"expire": w.expire,
		"drop":   w.drop,
	}
	carryOut, known := orders[asked.Do]
	if !known {
		return map[string]any{"error": "there is no order " + asked.Do}
	}
	return carryOut(asked)
}

// count tells how often each method was called so far.
func (w *watch) count(order) map[string]any {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	counts := make(map[string]any, len(w.counts))
	for method, times := range w.counts {
		counts[method] = times
	}
	return map[string]any{"counts": counts}
}

// delay has a method take its time from now on.  The simulator reads its table without a lock, so
// it gets a new one.
func (w *watch) delay(asked order) map[string]any {
	delays := map[string]int{asked.Method: asked.MS}
	for method, ms := range w.model.DelayConfig.MethodDelay {
		if method != asked.Method {
			delays[method] = ms
		}
	}
	w.model.DelayConfig.MethodDelay = delays
	return map[string]any{}
}

// expire ends all sessions there are: the next call of each is not authenticated.
func (w *watch) expire(order) map[string]any {
	w.mutex.Lock()
	keys := w.sessions
	w.sessions = nil
	w.mutex.Unlock()
	manager := simulator.Map.SessionManager()
	ended := 0
	for _, key := range keys {
		context := &simulator.Context{Session: &simulator.Session{}, Map: simulator.Map}
		body := manager.TerminateSession(context, &types.TerminateSession{SessionId: []string{key}})
		if body.Fault() == nil {
			ended++
		}
	}
	return map[string]any{"ended": ended}
}

// drop breaks the connection of the next call of a method, before or after it is carried out.
func (w *watch) drop(asked order) map[string]any {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.drops[asked.Method] = drop{Done: asked.Done}
	return map[string]any{}
}
