"""`spawn`: the same function in several processes, with an error of any of them raised in the parent."""

import multiprocessing
import signal
import sys


class ProcessException(Exception):
    """A child failed; it has the child's number and process id."""

    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """A child raised an exception; the message has its traceback."""


class ProcessExitedException(ProcessException):
    """A child ended by a signal or with an exit code."""

    def __init__(self, msg, error_index, error_pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def _child(function, index, args, errors):
    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass  # the parent was interrupted too
    except Exception:
        import traceback

        errors.put(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """The processes that were started; `join` waits for them."""

    def __init__(self, processes, error_queues):
        self.processes, self.error_queues = processes, error_queues
        self.sentinels = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self):
        """The processes' ids."""
        return [process.pid for process in self.processes]

    def join(self, timeout=None, grace_period=None):
        """Wait for some process to end; True when all have. Raises what a child raised, after stopping the others."""
        if not self.sentinels:
            return True
        from multiprocessing import connection

        ready = connection.wait(self.sentinels.keys(), timeout=timeout)
        failed = None
        for sentinel in ready:
            index = self.sentinels.pop(sentinel)
            process = self.processes[index]
            process.join()
            if process.exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self.sentinels
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        for process in self.processes:
            process.join()
        self._raise(failed)

    def _raise(self, index):
        process = self.processes[index]
        if self.error_queues[index].empty():
            code = process.exitcode
            if code < 0:
                name = signal.Signals(-code).name
                raise ProcessExitedException(
                    f"process {index} terminated with signal {name}", index, process.pid, code, name
                )
            raise ProcessExitedException(f"process {index} terminated with exit code {code}", index, process.pid, code)
        text = self.error_queues[index].get()
        message = f"\n\n-- Process {index} terminated with the following error:\n{text}"
        raise ProcessRaisedException(message, index, process.pid)


SpawnContext = ProcessContext


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Call `fn(index, *args)` in `nprocs` processes; wait for them, or with `join=False` return their context."""
    context = multiprocessing.get_context(start_method)
    processes, queues = [], []
    for index in range(nprocs):
        errors = context.SimpleQueue()
        process = context.Process(target=_child, args=(fn, index, args, errors), daemon=daemon)
        process.start()
        processes.append(process)
        queues.append(errors)
    started = ProcessContext(processes, queues)
    if not join:
        return started
    while not started.join():
        continue
    return None


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Call `fn(index, *args)` in `nprocs` new processes and wait for them.

    ProcessRaisedException with the child's traceback when one raises.

    >>> spawn(print, ("from a child",), nprocs=0) is None
    True
    """
    return start_processes(fn, args, nprocs, join, daemon, start_method)
