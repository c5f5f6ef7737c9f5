"""Doing something within the network namespace of a container."""

import os
import threading
from collections.abc import Callable


def in_network_namespace[T](path: str, action: Callable[[], T]) -> T:
    """Run the action in the network namespace at this path.

    The path is the engine's own mount of it: unlike a process's it can never lead to another namespace. The action runs
    in a thread of its own, for a thread that has left its namespace must not come back into use. Sockets it makes and
    tools it starts belong to the namespace.

    Raises:
        OSError: there is no such namespace (any more).
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.setns(descriptor, os.CLONE_NEWNET)
            finally:
                os.close(descriptor)
            results.append(action())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=enter, name="network-namespace")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
