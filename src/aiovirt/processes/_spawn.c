/* What runs between fork and exec: a finished list of steps (_steps.py: numbers and bytes, no
 * decision left) and the exec.  The child allocates nothing and looks nothing up.
 *
 * It shares the parent's memory (CLONE_VM): a parent of any size forks at the same price, and what
 * failed is written into the job.  It shares the parent's thread pointer too, hence errno: so child
 * code makes raw system calls only.  (The C library's setuid would also signal our threads.)
 *
 * spawn() suspends the calling thread until the exec (CLONE_VFORK).  The GIL is kept: the window is
 * short, environ and the arguments cannot change in it, and giving the lock up would let a busy
 * thread delay every start by its switch interval.
 *
 * A child that waits for a handshake would suspend us for good, and a daemon needs a second fork.
 * Both go by a middle process (spawn_detached()): it shares our memory and our descriptor table,
 * runs beside us, makes the program by the same vfork and is suspended in our place.  When it has
 * ended, the outcome stands in the job.  CLONE_PIDFD puts the program's pidfd into the shared table
 * before the program runs at all, so its pid cannot be mistaken. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#if !defined(__linux__) || !defined(__LP64__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "no helper for this platform: the pure twin serves it"
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define INTO_CGROUP 0x200000000ULL /* linux/sched.h, CLONE_INTO_CGROUP */
enum { PIDFD = 0x1000 /* likewise, CLONE_PIDFD */ };
enum { NR_CLONE3 = 435, NR_CLOSE_RANGE = 436 }; /* the same everywhere, as all calls since Linux 5.1 */
enum { MAX_ARGS = 5, STACK = 32 * 1024, SIGNALS = 64, SETUP_FAILED = 125, NO_EXEC = 126, NO_FILE = 127 };

struct clone_plan { /* struct clone_args of linux/sched.h, 88 bytes */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid[2], cgroup;
};
struct step { int op; long arg[MAX_ARGS]; };
struct job {
    int pid, pidfd;  /* of the program: the kernel fills them in before it runs */
    int step, error; /* what failed: a step's index (the number of steps: exec; -1: fork), errno */
    int parent, orphan, middle, middle_pidfd;
    long steps;
    struct step *step_list;
    char **argv, **envp, *path;
    PyObject *owner; /* keeps the bytes that the steps point at */
    struct clone_plan plan;
    char *stacks;
};

#if defined(__x86_64__)
static inline long raw(long nr, long a, long b, long c, long d, long e)
{
    long result;
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

/* The child starts on its own stack, inside this statement, and never leaves run(). */
static long clone_run(struct clone_plan *plan, void (*run)(struct job *), struct job *job)
{
    long result;
    register void (*entry)(struct job *) __asm__("r12") = run;
    register struct job *arg __asm__("r13") = job;
    __asm__ volatile("syscall\n\ttestq %%rax, %%rax\n\tjnz 1f\n\t"
                     "movq %[arg], %%rdi\n\tcallq *%[entry]\n\thlt\n1:" : "=a"(result)
                     : "a"((long)NR_CLONE3), "D"(plan), "S"(sizeof *plan), [entry] "r"(entry), [arg] "r"(arg)
                     : "rcx", "r11", "memory");
    return result;
}
#else
static inline long raw(long nr, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

static long clone_run(struct clone_plan *plan, void (*run)(struct job *), struct job *job)
{
    register long x8 __asm__("x8") = NR_CLONE3, x0 __asm__("x0") = (long)plan;
    register long x1 __asm__("x1") = sizeof *plan;
    register void (*entry)(struct job *) __asm__("x20") = run;
    register struct job *arg __asm__("x21") = job;
    __asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x0, %[arg]\n\tblr %[entry]\n\tbrk #1\n1:" : "+r"(x0)
                     : "r"(x8), "r"(x1), [entry] "r"(entry), [arg] "r"(arg) : "memory", "x30");
    return x0;
}
#endif

#define SYS0(nr) raw(nr, 0, 0, 0, 0, 0)
#define SYS1(nr, a) raw(nr, (long)(a), 0, 0, 0, 0)
#define SYS2(nr, a, b) raw(nr, (long)(a), (long)(b), 0, 0, 0)
#define SYS3(nr, a, b, c) raw(nr, (long)(a), (long)(b), (long)(c), 0, 0)
#define SYS4(nr, a, b, c, d) raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0)

/* OPEN_AS target, path, flags: open a file under a number of our choice. */
static long open_as(const long *arg)
{
    long fd = SYS4(__NR_openat, AT_FDCWD, arg[1], arg[2], 0);
    long result = fd < 0 || fd == arg[0] ? fd : SYS3(__NR_dup3, fd, arg[0], 0);
    if (fd >= 0 && fd != arg[0])
        SYS1(__NR_close, fd);
    return result;
}

/* WRITE_FILE path, data, length: for /proc and cgroup files, which take one whole write. */
static long write_file(const long *arg)
{
    long fd = SYS4(__NR_openat, AT_FDCWD, arg[0], O_WRONLY | O_CLOEXEC, 0);
    long result = fd < 0 ? fd : SYS3(__NR_write, fd, arg[1], arg[2]);
    SYS1(__NR_close, fd);
    return result;
}

/* PIDFILE fd, path: write the pid into the locked file, if the path still leads to it.  The program
 * keeps the descriptor, on purpose: the lock is its own. */
static long pidfile(const long *arg)
{
    struct stat held, named;
    char text[16], *start = text + sizeof text;
    long result = SYS2(__NR_fstat, arg[0], &held);
    if (result >= 0)
        result = SYS4(__NR_newfstatat, AT_FDCWD, arg[1], &named, 0);
    if (result >= 0 && (held.st_ino != named.st_ino || held.st_dev != named.st_dev))
        result = -ESTALE;
    if (result >= 0)
        result = SYS2(__NR_ftruncate, arg[0], 0);
    *--start = '\n';
    for (long pid = SYS0(__NR_getpid); pid > 0; pid /= 10)
        *--start = (char)('0' + pid % 10);
    return result < 0 ? result : SYS3(__NR_write, arg[0], start, text + sizeof text - start);
}

/* CLOSE_LISTED keep (ints), count: for kernels without close_range.  procfs resumes a listing by
 * descriptor number, so closing while reading skips nothing. */
static long close_listed(const long *arg)
{
    char buffer[2048] __attribute__((aligned(8)));
    const int *keep = (const int *)arg[0];
    long length, directory = SYS4(__NR_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    if (directory < 0)
        return directory;
    while ((length = SYS3(__NR_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length; at += *(unsigned short *)(buffer + at + 16)) {
            long fd = 0, kept = 0; /* struct linux_dirent64: the length at 16, the name at 19 */
            for (const char *digit = buffer + at + 19; *digit >= '0' && *digit <= '9'; digit++)
                fd = fd * 10 + (*digit - '0');
            for (long i = 0; i < arg[1]; i++)
                kept |= keep[i] == fd;
            if (fd > 2 && fd != directory && !kept)
                SYS1(__NR_close, fd);
        }
    SYS1(__NR_close, directory);
    return length;
}

/* HANDSHAKE socket: say that all is set up, then wait for the word; end of file means no. */
static long handshake(const long *arg)
{
    char byte = '1';
    long result = SYS3(__NR_write, arg[0], &byte, 1);
    result = result == 1 ? SYS3(__NR_read, arg[0], &byte, 1) : result;
    return result == 1 && byte == '1' ? 0 : result < 0 ? result : -ECANCELED;
}

/* DEATH_SIGNAL signal, parent: the parent may have died before the request stood. */
static long death_signal(const long *arg)
{
    long result = SYS2(__NR_prctl, PR_SET_PDEATHSIG, arg[0]);
    return result >= 0 && arg[1] && SYS0(__NR_getppid) != arg[1] ? -ESRCH : result;
}

/* The numbers are those of _steps.Op: a test compares the two. */
#define OPS(X)                                                                                   \
    X(CLOSE_RANGE, NR_CLOSE_RANGE, NULL) X(CLOSE_LISTED, 0, close_listed) X(OPEN_AS, 0, open_as) \
    X(DUP, __NR_dup3, NULL) X(CLOSE, __NR_close, NULL) X(FCNTL, __NR_fcntl, NULL)                \
    X(UMASK, __NR_umask, NULL) X(SETSID, __NR_setsid, NULL) X(SETPGID, __NR_setpgid, NULL)       \
    X(WRITE_FILE, 0, write_file) X(PIDFILE, 0, pidfile) X(PRLIMIT, __NR_prlimit64, NULL)         \
    X(SETPRIORITY, __NR_setpriority, NULL) X(SETAFFINITY, __NR_sched_setaffinity, NULL)          \
    X(SETGROUPS, __NR_setgroups, NULL) X(SETRESGID, __NR_setresgid, NULL)                        \
    X(SETRESUID, __NR_setresuid, NULL) X(PRCTL, __NR_prctl, NULL) X(CAPSET, __NR_capset, NULL)   \
    X(CHDIR, __NR_chdir, NULL) X(DEATH_SIGNAL, 0, death_signal) X(HANDSHAKE, 0, handshake)
#define NAME(name, nr, run) #name " "
#define ENTRY(name, nr, run) {nr, run},
static const struct { int nr; long (*run)(const long *); } OP[] = {OPS(ENTRY)};
enum { OP_COUNT = sizeof OP / sizeof *OP };

static void give_up(struct job *job, long step, long result, int status)
{
    job->error = (int)-result;
    job->step = (int)step;
    SYS1(__NR_exit_group, status);
}

/* The program's process: its dispositions, the steps, an empty mask, exec. */
static void program(struct job *job)
{
    const long fresh[4] = {0}; /* the kernel's struct sigaction: SIG_DFL, no flags, no mask */
    const uint64_t nothing = 0;
    long i, result;
    for (int signal = 1; signal <= SIGNALS; signal++)
        SYS4(__NR_rt_sigaction, signal, fresh, 0, sizeof nothing);
    for (i = 0; i < job->steps; i++) {
        const struct step *step = &job->step_list[i];
        const long *a = step->arg;
        result = OP[step->op].run ? OP[step->op].run(a) : raw(OP[step->op].nr, a[0], a[1], a[2], a[3], a[4]);
        if (result < 0)
            give_up(job, i, result, SETUP_FAILED);
    }
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &nothing, 0, sizeof nothing);
    result = SYS3(__NR_execve, job->path, job->argv, job->envp);
    give_up(job, i, result, result == -ENOENT ? NO_FILE : NO_EXEC);
}

/* The middle process.  It holds our table, and with it our end of the handshake: it must not outlive
 * us, or the program would wait for ever. */
static void middle(struct job *job)
{
    SYS2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (job->orphan)
        SYS0(__NR_setsid);
    long result = SYS0(__NR_getppid) == job->parent ? clone_run(&job->plan, program, job) : -ESRCH;
    if (result < 0)
        give_up(job, -1, result, 0);
    SYS1(__NR_exit_group, 0);
}

static const char CAPSULE[] = "aiovirt.processes._spawn.job";

/* A child that changes its user makes our shared memory undumpable; undone when the last one has left. */
static int in_flight, dumpable;

static void leave(void)
{
    if (--in_flight == 0 && dumpable == 1)
        SYS2(__NR_prctl, PR_SET_DUMPABLE, 1);
}

static int fill_strings(PyObject *tuple, Py_ssize_t count, char **into)
{
    for (Py_ssize_t i = 0; i < count; i++)
        if ((into[i] = PyBytes_AsString(PyTuple_GetItem(tuple, i))) == NULL)
            return -1;
    return 0; /* the job was zeroed: the NULL at the end is there */
}

static int fill_step(PyObject *tuple, struct step *step)
{
    Py_ssize_t count = PyTuple_Size(tuple);
    step->op = count < 1 ? -1 : (int)PyLong_AsLong(PyTuple_GetItem(tuple, 0));
    if (step->op < 0 || step->op >= OP_COUNT || count > MAX_ARGS + 1) {
        PyErr_SetString(PyExc_ValueError, "a step is a known operation and up to five arguments");
        return -1;
    }
    for (Py_ssize_t i = 1; i < count; i++) {
        PyObject *item = PyTuple_GetItem(tuple, i);
        step->arg[i - 1] = PyBytes_Check(item) ? (long)PyBytes_AsString(item) : PyLong_AsLong(item);
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Arguments of both calls: steps, path, argv, env or None (ours as it is), flags, cgroup or -1. */
static struct job *job_new(PyObject *args, int stacks, int *orphan)
{
    PyObject *steps, *argv, *env;
    char *path;
    unsigned long long flags;
    int cgroup;
    if (!PyArg_ParseTuple(args, "OyOOKi|p", &steps, &path, &argv, &env, &flags, &cgroup, orphan))
        return NULL;
    Py_ssize_t count = PyTuple_Size(steps), argc = PyTuple_Size(argv);
    Py_ssize_t envc = env == Py_None ? 0 : PyTuple_Size(env);
    if (count < 0 || argc < 0 || envc < 0)
        return NULL;
    size_t fixed = sizeof(struct job) + (size_t)count * sizeof(struct step);
    size_t strings = (size_t)(argc + envc + 2) * sizeof(char *);
    struct job *job = calloc(1, fixed + strings + (size_t)stacks * STACK + 16);
    if (job == NULL)
        return (void *)PyErr_NoMemory();
    *job = (struct job){.step = -1, .pidfd = -1, .middle_pidfd = -1, .path = path, .steps = count};
    job->step_list = (struct step *)(job + 1);
    job->argv = (char **)((char *)job + fixed);
    job->envp = env == Py_None ? environ : job->argv + argc + 1;
    job->stacks = (char *)(((uintptr_t)job + fixed + strings + 15) & ~(uintptr_t)15);
    job->plan = (struct clone_plan){.flags = CLONE_VM | CLONE_VFORK | PIDFD | CLONE_PARENT_SETTID | flags,
                                    .pidfd = (uintptr_t)&job->pidfd, .parent_tid = (uintptr_t)&job->pid,
                                    .stack = (uintptr_t)job->stacks, .stack_size = STACK};
    job->plan.flags |= cgroup < 0 ? 0 : INTO_CGROUP;
    job->plan.cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup;
    int bad = fill_strings(argv, argc, job->argv) || fill_strings(env, envc, job->argv + argc + 1);
    for (Py_ssize_t i = 0; !bad && i < count; i++)
        bad = fill_step(PyTuple_GetItem(steps, i), &job->step_list[i]);
    if (!bad)
        return job;
    free(job);
    return NULL;
}

static long clone_masked(struct clone_plan *plan, void (*run)(struct job *), struct job *job)
{
    uint64_t before, all = ~(uint64_t)0;
    if (in_flight++ == 0)
        dumpable = (int)SYS1(__NR_prctl, PR_GET_DUMPABLE);
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long result = clone_run(plan, run, job);
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    return result;
}

/* A clone that fails late has written its pidfd already, and closed it again. */
static PyObject *told(const struct job *job)
{
    return Py_BuildValue("iiii", job->pid, job->pid ? job->pidfd : -1, job->step, job->error);
}

static PyObject *spawn(PyObject *self, PyObject *args)
{
    int orphan = 0;
    struct job *job = job_new(args, 1, &orphan);
    if (job == NULL)
        return NULL;
    long result = clone_masked(&job->plan, program, job);
    leave();
    job->error = result < 0 ? (int)-result : job->error;
    PyObject *outcome = told(job);
    free(job);
    return outcome;
}

/* A job whose children were never waited for stays: they may still run in it. */
static void job_free(PyObject *capsule)
{
    struct job *job = PyCapsule_GetPointer(capsule, CAPSULE);
    if (job != NULL && job->middle == 0) {
        Py_XDECREF(job->owner);
        free(job);
    }
}

static PyObject *spawn_detached(PyObject *self, PyObject *args)
{
    int orphan = 0;
    struct job *job = job_new(args, 2, &orphan);
    PyObject *capsule = job ? PyCapsule_New(job, CAPSULE, job_free) : NULL;
    if (capsule == NULL) {
        free(job);
        return NULL;
    }
    Py_INCREF(job->owner = args);
    job->orphan = orphan;
    job->parent = (int)SYS0(__NR_getpid);
    job->plan.flags |= orphan ? 0 : CLONE_PARENT;
    struct clone_plan plan = {.flags = CLONE_VM | CLONE_FILES | PIDFD, .pidfd = (uintptr_t)&job->middle_pidfd,
                              .stack = (uintptr_t)job->stacks + STACK, .stack_size = STACK};
    long result = clone_masked(&plan, middle, job);
    if (result < 0) {
        leave();
        Py_DECREF(capsule);
        errno = (int)-result;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    job->middle = (int)result;
    return Py_BuildValue("Nii", capsule, job->middle, job->middle_pidfd);
}

/* The outcome so far; the second argument says that the middle process has ended and was reaped. */
static PyObject *outcome(PyObject *self, PyObject *args)
{
    PyObject *capsule;
    int ended;
    if (!PyArg_ParseTuple(args, "Op", &capsule, &ended))
        return NULL;
    struct job *job = PyCapsule_GetPointer(capsule, CAPSULE);
    if (job != NULL && ended && job->middle > 0) {
        leave();
        job->middle = 0;
    }
    return job ? told(job) : NULL;
}

static PyMethodDef METHODS[] = {
    {"spawn", spawn, METH_VARARGS, NULL},
    {"spawn_detached", spawn_detached, METH_VARARGS, NULL},
    {"outcome", outcome, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_spawn", NULL, -1, METHODS, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__spawn(void)
{
    PyObject *module = PyModule_Create(&MODULE);
    return module && PyModule_AddStringConstant(module, "OPS", OPS(NAME)) == 0 ? module : NULL;
}
