/* What runs between fork and exec.
 *
 * Python hands over a finished list of steps (see _steps.py: numbers and bytes, no decisions left); the child
 * runs them one after the other and executes the program.  Nothing here allocates, looks
 * anything up or knows what a step is for.
 *
 * The child shares the parent's memory (CLONE_VM): a parent of any size forks at the same price,
 * and the child tells what failed by writing into the job, without a pipe.  It also shares the
 * parent's thread pointer, hence its errno: so child code makes raw system calls only, which
 * touch no errno, and calls nothing of the C library.  (setuid and its kin would in addition
 * signal every thread of the parent there.)
 *
 * spawn() suspends the calling thread until the exec (CLONE_VFORK).  The GIL is kept meanwhile:
 * the window is as short as the exec, environ and the arguments cannot change in it, and giving
 * the lock up would let a busy thread delay every start by its switch interval.
 *
 * A child that waits for a handshake would suspend us for good, and a daemon needs a second fork.
 * Both go by a middle process (spawn_detached()): it shares our memory and our descriptor table,
 * runs beside us, makes the program by the same vfork and is suspended in our place; when it has
 * ended, the outcome stands in the job.  CLONE_PIDFD puts the program's pidfd into the shared
 * table before the program runs at all, so its pid cannot be mistaken.
 */
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
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define INTO_CGROUP 0x200000000ULL /* linux/sched.h, CLONE_INTO_CGROUP */
#define NR_CLONE3 435              /* the same on every architecture, as all calls since Linux 5.1 */
#define NR_CLOSE_RANGE 436

enum { MAX_ARGS = 5, STACK = 32 * 1024, SIGNALS = 64, SETUP_FAILED = 125, NO_EXEC = 126, NO_FILE = 127 };

struct clone_plan { /* struct clone_args of linux/sched.h, 88 bytes */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

struct step {
    int op;
    long arg[MAX_ARGS];
};

struct job {
    int pid, pidfd;  /* of the program: the kernel fills them in before it runs */
    int step, error; /* what failed: a step's index (the number of steps: exec; -1: fork), errno */
    int parent, orphan;
    int middle, middle_pidfd;
    long steps;
    struct step *step_list;
    char **argv, **envp, *path;
    PyObject *owner; /* keeps the bytes that the steps point at */
    struct clone_plan plan;
    char *stacks;
};

/* --- raw system calls -------------------------------------------------------------------- */

#if defined(__x86_64__)
static inline long raw(long nr, long a, long b, long c, long d, long e)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
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
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

static long clone_run(struct clone_plan *plan, void (*run)(struct job *), struct job *job)
{
    register long x8 __asm__("x8") = NR_CLONE3;
    register long x0 __asm__("x0") = (long)plan;
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

/* --- steps that take more than one system call -------------------------------------------- */

/* OPEN_AS target, path, flags: open a file under a number of our choice. */
static long open_as(const long *arg)
{
    long fd = SYS4(__NR_openat, AT_FDCWD, arg[1], arg[2], 0);
    if (fd < 0 || fd == arg[0])
        return fd;
    long result = SYS3(__NR_dup3, fd, arg[0], 0);
    SYS1(__NR_close, fd);
    return result;
}

/* WRITE_FILE path, data, length: for /proc and cgroup files, which take one whole write. */
static long write_file(const long *arg)
{
    long fd = SYS4(__NR_openat, AT_FDCWD, arg[0], O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    long result = SYS3(__NR_write, fd, arg[1], arg[2]);
    SYS1(__NR_close, fd);
    return result;
}

/* Open and lock; 0 when the file was replaced meanwhile and the caller should try again. */
static long lock_file(long path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = 0 /* SEEK_SET */};
    struct stat held, named;
    long fd = SYS4(__NR_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0644);
    if (fd < 0)
        return fd;
    long result = SYS3(__NR_fcntl, fd, F_SETLK, &lock);
    if (result >= 0)
        result = SYS2(__NR_fstat, fd, &held);
    if (result >= 0)
        result = SYS4(__NR_newfstatat, AT_FDCWD, path, &named, 0);
    if (result >= 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev)
        return fd;
    SYS1(__NR_close, fd);
    return result == -ENOENT ? 0 : result;
}

/* PIDFILE path: the lock's descriptor is left to the program on purpose; the lock is its own. */
static long pidfile(const long *arg)
{
    char text[16], *start = text + sizeof text;
    long fd;
    while ((fd = lock_file(arg[0])) == 0)
        ;
    if (fd < 0)
        return fd;
    *--start = '\n';
    for (long pid = SYS0(__NR_getpid); pid > 0; pid /= 10)
        *--start = (char)('0' + pid % 10);
    long result = SYS2(__NR_ftruncate, fd, 0);
    return result < 0 ? result : SYS3(__NR_write, fd, start, text + sizeof text - start);
}

static int kept(long fd, const int *keep, long count)
{
    for (long i = 0; i < count; i++)
        if (keep[i] == fd)
            return 1;
    return 0;
}

/* Close what one buffer of directory entries names; the directory's own fd and kept ones stay. */
static void close_entries(const char *buffer, long length, long directory, const long *arg)
{
    for (long at = 0; at < length;) { /* struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name */
        unsigned short size;
        long fd = 0;
        const char *name = buffer + at + 19;
        __builtin_memcpy(&size, buffer + at + 16, sizeof size);
        at += size;
        if (*name < '0' || *name > '9')
            continue;
        for (; *name; name++)
            fd = fd * 10 + (*name - '0');
        if (fd > 2 && fd != directory && !kept(fd, (const int *)arg[0], arg[1]))
            SYS1(__NR_close, fd);
    }
}

/* CLOSE_LISTED keep (ints), count: for kernels without close_range.  procfs resumes a listing by
 * descriptor number, so closing while reading skips nothing. */
static long close_listed(const long *arg)
{
    char buffer[2048] __attribute__((aligned(8)));
    long length, directory = SYS4(__NR_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (directory < 0)
        return directory;
    while ((length = SYS3(__NR_getdents64, directory, buffer, sizeof buffer)) > 0)
        close_entries(buffer, length, directory, arg);
    SYS1(__NR_close, directory);
    return length;
}

/* HANDSHAKE socket: say that all is set up, then wait for the word; end of file means no. */
static long handshake(const long *arg)
{
    char byte = '1';
    long result = SYS3(__NR_write, arg[0], &byte, 1);
    if (result == 1)
        result = SYS3(__NR_read, arg[0], &byte, 1);
    return result == 1 && byte == '1' ? 0 : result < 0 ? result : -ECANCELED;
}

/* DEATH_SIGNAL signal, parent: the parent may have died before the request stood. */
static long death_signal(const long *arg)
{
    long result = SYS2(__NR_prctl, PR_SET_PDEATHSIG, arg[0]);
    return result >= 0 && arg[1] && SYS0(__NR_getppid) != arg[1] ? -ESRCH : result;
}

/* The numbers are those of _steps.Op: its tests compare the two. */
static const struct {
    const char *name;
    int nr;
    long (*run)(const long *);
} OPS[] = {
    {"CLOSE_RANGE", NR_CLOSE_RANGE, NULL},
    {"CLOSE_LISTED", 0, close_listed},
    {"OPEN_AS", 0, open_as},
    {"DUP", __NR_dup3, NULL},
    {"CLOSE", __NR_close, NULL},
    {"FCNTL", __NR_fcntl, NULL},
    {"UMASK", __NR_umask, NULL},
    {"SETSID", __NR_setsid, NULL},
    {"SETPGID", __NR_setpgid, NULL},
    {"WRITE_FILE", 0, write_file},
    {"PIDFILE", 0, pidfile},
    {"PRLIMIT", __NR_prlimit64, NULL},
    {"SETPRIORITY", __NR_setpriority, NULL},
    {"SETAFFINITY", __NR_sched_setaffinity, NULL},
    {"SETGROUPS", __NR_setgroups, NULL},
    {"SETRESGID", __NR_setresgid, NULL},
    {"SETRESUID", __NR_setresuid, NULL},
    {"PRCTL", __NR_prctl, NULL},
    {"CAPSET", __NR_capset, NULL},
    {"CHDIR", __NR_chdir, NULL},
    {"DEATH_SIGNAL", 0, death_signal},
    {"HANDSHAKE", 0, handshake},
};
enum { OP_COUNT = sizeof OPS / sizeof *OPS };

/* --- the children -------------------------------------------------------------------------- */

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
        result = OPS[step->op].run ? OPS[step->op].run(a) : raw(OPS[step->op].nr, a[0], a[1], a[2], a[3], a[4]);
        if (result < 0)
            give_up(job, i, result, SETUP_FAILED);
    }
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &nothing, 0, sizeof nothing);
    result = SYS3(__NR_execve, job->path, job->argv, job->envp);
    give_up(job, i, result, result == -ENOENT ? NO_FILE : NO_EXEC);
}

/* The middle process.  It holds our descriptor table, and with it our end of the handshake: so it
 * must not outlive us, or the program would wait for ever. */
static void middle(struct job *job)
{
    SYS2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (SYS0(__NR_getppid) != job->parent)
        SYS1(__NR_exit_group, 1);
    if (job->orphan)
        SYS0(__NR_setsid);
    long result = clone_run(&job->plan, program, job);
    if (result < 0)
        give_up(job, -1, result, 0);
    SYS1(__NR_exit_group, 0);
}

/* --- the parent's side --------------------------------------------------------------------- */

/* A child that changes its user makes the memory it shares with us undumpable; taken back when
 * the last one has left it. */
static int in_flight, dumpable;

static void enter(void)
{
    if (in_flight++ == 0)
        dumpable = (int)SYS1(__NR_prctl, PR_GET_DUMPABLE);
}

static void leave(void)
{
    if (--in_flight == 0 && dumpable == 1)
        SYS2(__NR_prctl, PR_SET_DUMPABLE, 1);
}

static int fill_strings(PyObject *tuple, char **into)
{
    Py_ssize_t count = PyTuple_Size(tuple);
    for (Py_ssize_t i = 0; i < count; i++)
        if ((into[i] = PyBytes_AsString(PyTuple_GetItem(tuple, i))) == NULL)
            return -1;
    into[count] = NULL;
    return 0;
}

static int fill_step(PyObject *tuple, struct step *step)
{
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count < 1 || count > MAX_ARGS + 1) {
        PyErr_SetString(PyExc_ValueError, "a step is a tuple of an operation and up to five arguments");
        return -1;
    }
    step->op = (int)PyLong_AsLong(PyTuple_GetItem(tuple, 0));
    for (Py_ssize_t i = 1; i < count; i++) {
        PyObject *item = PyTuple_GetItem(tuple, i);
        step->arg[i - 1] = PyBytes_Check(item) ? (long)PyBytes_AsString(item) : PyLong_AsLong(item);
    }
    if (!PyErr_Occurred() && (step->op < 0 || step->op >= OP_COUNT))
        PyErr_SetString(PyExc_ValueError, "no such step");
    return PyErr_Occurred() ? -1 : 0;
}

extern char **environ;

/* Arguments of both calls: steps, path, argv, env or None (ours as it is), flags, cgroup or -1. */
static struct job *job_new(PyObject *args, int stacks, int *orphan)
{
    PyObject *steps, *argv, *env;
    char *path;
    unsigned long long flags;
    int cgroup;
    if (!PyArg_ParseTuple(args, "O!yO!OKi|p", &PyTuple_Type, &steps, &path, &PyTuple_Type, &argv, &env, &flags,
                          &cgroup, orphan))
        return NULL;
    Py_ssize_t count = PyTuple_Size(steps), argc = PyTuple_Size(argv);
    Py_ssize_t envc = env == Py_None ? 0 : PyTuple_Size(env);
    if (envc < 0)
        return NULL;
    size_t fixed = sizeof(struct job) + (size_t)count * sizeof(struct step);
    size_t strings = (size_t)(argc + envc + 2) * sizeof(char *);
    struct job *job = calloc(1, fixed + strings + (size_t)stacks * STACK + 16);
    if (job == NULL)
        return (struct job *)PyErr_NoMemory();
    *job = (struct job){.step = -1, .pidfd = -1, .middle_pidfd = -1, .path = path, .steps = count};
    job->step_list = (struct step *)(job + 1);
    job->argv = (char **)((char *)job + fixed);
    job->envp = env == Py_None ? environ : job->argv + argc + 1;
    job->stacks = (char *)(((uintptr_t)job + fixed + strings + 15) & ~(uintptr_t)15);
    job->plan = (struct clone_plan){.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_PARENT_SETTID | flags,
                                    .pidfd = (uintptr_t)&job->pidfd, .parent_tid = (uintptr_t)&job->pid,
                                    .stack = (uintptr_t)job->stacks, .stack_size = STACK};
    if (cgroup >= 0) {
        job->plan.flags |= INTO_CGROUP;
        job->plan.cgroup = (uint64_t)cgroup;
    }
    int bad = fill_strings(argv, job->argv) || (env != Py_None && fill_strings(env, job->envp));
    for (Py_ssize_t i = 0; !bad && i < count; i++)
        bad = fill_step(PyTuple_GetItem(steps, i), &job->step_list[i]);
    if (bad) {
        free(job);
        return NULL;
    }
    return job;
}

static long clone_masked(struct clone_plan *plan, void (*run)(struct job *), struct job *job)
{
    const uint64_t all = ~(uint64_t)0;
    uint64_t before;
    enter();
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long result = clone_run(plan, run, job);
    SYS4(__NR_rt_sigprocmask, SIG_SETMASK, &before, 0, sizeof before);
    return result;
}

static PyObject *outcome_of(const struct job *job)
{
    return Py_BuildValue("iiii", job->pid, job->pidfd, job->step, job->error);
}

static PyObject *spawn(PyObject *self, PyObject *args)
{
    int orphan = 0;
    struct job *job = job_new(args, 1, &orphan);
    if (job == NULL)
        return NULL;
    long result = clone_masked(&job->plan, program, job);
    leave();
    if (result < 0)
        job->error = (int)-result;
    PyObject *outcome = outcome_of(job);
    free(job);
    return outcome;
}

static const char CAPSULE[] = "aiovirt.processes._spawn.job";

/* A job whose children were never waited for stays: they may still run in it. */
static void job_free(PyObject *capsule)
{
    struct job *job = PyCapsule_GetPointer(capsule, CAPSULE);
    if (job == NULL || job->middle > 0)
        return;
    Py_XDECREF(job->owner);
    free(job);
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
    Py_INCREF(args);
    job->owner = args;
    job->orphan = orphan;
    job->parent = (int)SYS0(__NR_getpid);
    job->plan.flags |= orphan ? 0 : CLONE_PARENT;
    struct clone_plan plan = {.flags = CLONE_VM | CLONE_FILES | CLONE_PIDFD, .pidfd = (uintptr_t)&job->middle_pidfd,
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

static PyObject *outcome(PyObject *self, PyObject *capsule)
{
    struct job *job = PyCapsule_GetPointer(capsule, CAPSULE);
    return job ? outcome_of(job) : NULL;
}

static PyObject *release(PyObject *self, PyObject *capsule)
{
    struct job *job = PyCapsule_GetPointer(capsule, CAPSULE);
    if (job == NULL)
        return NULL;
    if (job->middle > 0)
        leave();
    job->middle = 0;
    Py_RETURN_NONE;
}

static int add_ops(PyObject *module)
{
    PyObject *names = PyTuple_New(OP_COUNT);
    for (int i = 0; names && i < OP_COUNT; i++)
        PyTuple_SetItem(names, i, PyUnicode_FromString(OPS[i].name));
    int result = names ? PyModule_AddObjectRef(module, "OPS", names) : -1;
    Py_XDECREF(names);
    return result;
}

static PyMethodDef METHODS[] = {
    {"spawn", spawn, METH_VARARGS, NULL},
    {"spawn_detached", spawn_detached, METH_VARARGS, NULL},
    {"outcome", outcome, METH_O, NULL},
    {"release", release, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, add_ops}, {0, NULL}};
static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_spawn", NULL, 0, METHODS, SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__spawn(void)
{
    return PyModuleDef_Init(&MODULE);
}
