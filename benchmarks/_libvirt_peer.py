"""libvirt-python at work, in a process of its own: run by the system's Python, asked by lines.

Each line of standard input names a measurement and its arguments; each line of output is its rate.
"""

import gc
import resource
import sys
import threading
import time

import libvirt  # type: ignore[import-not-found, unused-ignore]  # the system's package


def cpu() -> float:
    """Processor seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def per_cpu_second(call: object, times: int) -> float:
    """How often a call can be made in a second of processor time."""
    assert callable(call)
    begin = cpu()
    for _ in range(times):
        call()
    return times / (cpu() - begin)


def with_states(connection: object) -> list[tuple[str, int]]:
    """What `virsh list --all` asks."""
    return [(d.name(), d.state()[0]) for d in connection.listAllDomains()]  # type: ignore[attr-defined]


def infos(connection: object, name: str, calls: int, threads: int) -> float:
    """Calls of `info` in a second, by threads on one connection."""
    domain = connection.lookupByName(name)  # type: ignore[attr-defined]

    ready = threading.Barrier(threads + 1)

    def work() -> None:
        ready.wait()
        for _ in range(calls // threads):
            domain.info()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    begin = time.perf_counter()
    for worker in workers:
        worker.join()
    return calls // threads * threads / (time.perf_counter() - begin)


def main() -> None:
    """Answer until standard input ends."""
    connection = libvirt.open(sys.argv[1])
    for line in sys.stdin:
        what, *arguments = line.split()
        if what == "stats":
            rate = per_cpu_second(connection.getAllDomainStats, int(arguments[0]))
        elif what == "list":
            rate = per_cpu_second(connection.listAllDomains, int(arguments[0]))
        elif what == "states":
            rate = per_cpu_second(lambda: with_states(connection), int(arguments[0]))
        else:
            name, calls, threads = arguments
            gc.collect()  # what other measurements have left is not this one's
            rate = infos(connection, name, int(calls), int(threads))
        print(rate, flush=True)


main()
