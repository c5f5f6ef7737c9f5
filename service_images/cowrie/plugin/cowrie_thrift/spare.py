"""Puts the thrift on cowrie, in this process, before anybody has connected."""

import functools
from typing import Any

from cowrie.core import auth  # type: ignore[import-not-found]  # in the image only
from cowrie.shell import fs, server  # type: ignore[import-not-found]  # in the image only

from cowrie_thrift.own_nodes import Own, find, own


def put_in() -> None:
    """Let cowrie copy only what a session changes, and read files once."""
    fs.HoneyPotFilesystem = Filesystem
    server.CowrieServer.initFileSystem = _with_files
    auth.UserDB = functools.cache(auth.UserDB)


class Filesystem(fs.HoneyPotFilesystem):  # type: ignore[misc]  # the base class is in the image only
    """Copies what a session changes; cowrie's own copies its 29,000 nodes, which takes half a second and 5 MB."""

    fs: Own

    def _ensure_private_fs(self) -> None:
        self.fs = own(self.fs)
        self._private_fs = True

    def getfile(self, path: str, follow_symlinks: bool = True) -> Any:  # noqa: FBT001, FBT002 - cowrie's signature
        """Find a node, which the caller may change once the session has begun to change any."""
        if not self._private_fs:
            return super().getfile(path, follow_symlinks)
        return find(self.fs, path, follow=follow_symlinks)


def _with_files(machine: Any, home: str) -> None:
    """Give a session its files; the processes that cowrie reads besides are another machine's, and shown nowhere."""
    machine.fs = fs.HoneyPotFilesystem(machine.arch, home)
    machine.process = None
