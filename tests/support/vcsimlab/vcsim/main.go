// vcsim runs govmomi's simulator of a vCenter or of an ESX host for the tests.
//
// Settings come as one line of JSON on standard input.  When the simulator listens it says on
// standard output where.  After that each line of input is an order and is answered by one line:
// see control.go.  It ends when its input ends, so that it never outlives the tests.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"log"
	"net/url"
	"os"

	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

// settings are what tests can choose.
type settings struct {
	ESX         bool   `json:"esx"`
	Listen      string `json:"listen"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`

	Datacenters     int  `json:"datacenters"`
	Clusters        int  `json:"clusters"`
	ClusterHosts    int  `json:"cluster_hosts"`
	StandaloneHosts int  `json:"standalone_hosts"`
	Pools           int  `json:"pools"`
	Folders         int  `json:"folders"`
	PortGroups      int  `json:"port_groups"`
	Datastores      int  `json:"datastores"`
	Machines        int  `json:"machines"`
	Running         bool `json:"running"`
	DelayMS         int  `json:"delay_ms"`
}

// model makes the inventory.  An ESX host has one datacenter and one host, whatever is wished.
func (s *settings) model() *simulator.Model {
	var model *simulator.Model
	if s.ESX {
		model = simulator.ESX()
	} else {
		model = simulator.VPX()
		model.Datacenter = s.Datacenters
		model.Cluster = s.Clusters
		model.ClusterHost = s.ClusterHosts
		model.Host = s.StandaloneHosts
		model.Pool = s.Pools
		model.Folder = s.Folders
		model.Portgroup = s.PortGroups
	}
	model.Datastore = s.Datastores
	model.Machine = s.Machines
	model.Autostart = s.Running
	model.DelayConfig.Delay = s.DelayMS
	model.DelayConfig.MethodDelay = map[string]int{}
	return model
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	var wanted settings
	if !input.Scan() {
		log.Fatal("no settings came on standard input")
	}
	if err := json.Unmarshal(input.Bytes(), &wanted); err != nil {
		log.Fatal(err)
	}
	identity, err := tls.LoadX509KeyPair(wanted.Certificate, wanted.Key)
	if err != nil {
		log.Fatal(err)
	}
	model := wanted.model()
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()

	service := model.Service
	service.RegisterEndpoints = true
	service.Listen = &url.URL{
		Host: wanted.Listen,
		User: url.UserPassword(wanted.User, wanted.Password),
	}
	service.TLS = &tls.Config{Certificates: []tls.Certificate{identity}}
	// A client that knows the port from before may be quick enough to go by the watch uncounted.
	server := service.NewServer()
	watch := newWatch(model, server.Config.Handler)
	server.Config.Handler = watch

	_ = output.Encode(map[string]string{"url": server.URL.Redacted()})
	for input.Scan() {
		_ = output.Encode(watch.obey(input.Bytes()))
	}
}
