"""Plain assertions that are counted, and the server as a process."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


class Checks:
    """Counts what was checked; the first failure ends the script."""

    def __init__(self):
        self.count = 0

    def same(self, found, wanted, what=""):
        self.count += 1
        assert found == wanted, f"{what}: found {found!r}, wanted {wanted!r}"

    def true(self, condition, what):
        self.count += 1
        assert condition, what

    def report(self):
        print(f"{Path(sys.argv[0]).name}: {self.count} checks passed")


def arguments():
    """The server's executable, and a private copy of the database."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} SERVER DATABASE")
    server, database = sys.argv[1:]
    folder = tempfile.mkdtemp(prefix="things-clients-")
    copies = [shutil.copy(path, folder) for path in Path(database).parent.glob(Path(database).name + "*")]
    assert copies, f"no database at {database}"
    return server, str(Path(folder) / Path(database).name), folder


class Listening:
    """A server without MCP, ended by SIGTERM."""

    def __init__(self, server, database, *options):
        command = [server, "--database", database, "--no-mcp", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addresses = {}
        wanted = sum(option in ("--flight", "--metrics") for option in options)
        while len(self.addresses) < wanted:
            line = self.process.stderr.readline()
            assert line, "the server ended before it listened"
            if line.startswith('{"'):
                where = json.loads(line)
                self.addresses[where["listening"]] = where["address"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        self.process.stderr.close()
        if kind is None:
            assert code == 0, f"the server ended with {code}"
