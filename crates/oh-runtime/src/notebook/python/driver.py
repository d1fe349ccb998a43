"""Keeps the kernel of a notebook and speaks for it.

Requests come in on standard input and reports go out on what standard output was at the start, one
JSON object in a line. Whatever the kernel and its children print comes through a pipe, so no print
can be taken for a report, and nothing that was printed is lost when the kernel dies.
"""

import codecs
import collections
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 9)
READ_BYTES = 64 * 1024
# A pipe holds no more, so whatever was written before a message is in so many bytes.
PIPE_BYTES = 1024 * 1024
TEXT_CHARS = 64 * 1024
# Longer pictures are only mentioned.
PICTURE_CHARS = 16 * 1024 * 1024
START_SECONDS = 40
# How long a display is awaited whose place in the output is known.
DISPLAY_SECONDS = 2
PICTURES = ("image/png", "image/jpeg")
TEXTS = ("text/plain", "text/markdown", "text/latex", "application/json", "text/html")


class Reports:
    """What is said to whoever started this program."""

    def __init__(self):
        # Nothing that a library prints by accident may get between the reports.
        self.file = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.is_line_begin = True

    def say(self, kind, **fields):
        self.file.write(json.dumps({"kind": kind, **fields}).encode() + b"\n")
        self.file.flush()

    def text(self, text):
        text = text.encode("utf-8", "replace").decode("utf-8")
        for start in range(0, len(text), TEXT_CHARS):
            self.say("output", text=text[start : start + TEXT_CHARS])
        if text:
            self.is_line_begin = text.endswith("\n")

    def lines(self, text):
        """Says `text` on lines of its own."""
        if text:
            begin = "" if self.is_line_begin else "\n"
            self.text(begin + text + ("" if text.endswith("\n") else "\n"))

    def bundle(self, data):
        """Says a result or a display, which maps media types to what is to be shown."""
        text = next((data[kind] for kind in TEXTS if data.get(kind)), "")
        self.lines(text if isinstance(text, str) else json.dumps(text))
        kind = next((kind for kind in PICTURES if data.get(kind)), None)
        if kind is not None:
            picture = "".join(data[kind].split())
            is_long = len(picture) > PICTURE_CHARS
            self.say("picture", type=kind, data="" if is_long else picture, length=len(picture))


class Output:
    """The pipe to which the kernel prints.

    A marker in it is the place of a display whose content comes by another way.
    """

    def __init__(self, reports):
        self.reports = reports
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.marker = b"\x1b]7773;" + secrets.token_hex(8).encode() + b"\x07"
        self.held = b""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.is_open = True

    def read(self):
        """Returns how much was read, and pieces of text with `None` for each marker."""
        try:
            data = os.read(self.read_end, READ_BYTES)
        except BlockingIOError:
            return 0, []
        if not data:
            self.is_open = False
            return 0, []
        *parts, rest = (self.held + data).split(self.marker)
        pieces = []
        for part in parts:
            pieces += [self.decoder.decode(part), None]
        keep = max(n for n in range(len(self.marker)) if rest.endswith(self.marker[:n]))
        self.held = rest[len(rest) - keep :]
        pieces.append(self.decoder.decode(rest[: len(rest) - keep]))
        return len(data), pieces


def spawn(arguments, output, **options):
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output.write_end,
        stderr=output.write_end,
        start_new_session=True,
        **options,
    )


class Repl:
    """The kernel in `repl.py`."""

    def __init__(self, output):
        import socket

        self.name = "minimal"
        self.socket, theirs = socket.socketpair()
        program = os.path.join(FOLDER, "repl.py")
        marker = output.marker.decode()
        arguments = ["-u", program, str(theirs.fileno()), marker]
        self.process = spawn(arguments, output, pass_fds=[theirs.fileno()])
        theirs.close()
        self.received = b""
        self.poller = select.poll()
        self.sources = [self.socket.fileno()]

    def execute(self, code, is_quiet):
        self.socket.sendall(json.dumps({"code": code, "is_quiet": is_quiet}).encode() + b"\n")

    def wait_for_more(self):
        select.select([self.socket], [], [], 0.1)

    def receive(self):
        """Yields what the kernel says: `display` and data, `result` and data, `done` and success."""
        try:
            data = self.socket.recv(READ_BYTES, 0x40)  # MSG_DONTWAIT
        except (BlockingIOError, ConnectionError):
            return
        if not data and self.sources:
            self.poller.unregister(self.sources.pop())
        *lines, self.received = (self.received + data).split(b"\n")
        for line in lines:
            yield tuple(json.loads(line))


class Jupyter:
    """A kernel of ipykernel, over sockets in a private folder."""

    def __init__(self, output):
        import ipykernel
        import zmq
        from jupyter_client.session import Session

        self.name = "ipykernel " + ipykernel.__version__
        self.zmq = zmq
        key = secrets.token_hex(32)
        # The name of such a socket must be short, so it is relative to a folder.
        folder = os.path.join(FOLDER, "sockets")
        os.mkdir(folder, 0o700)
        os.chdir(folder)
        kinds = ("shell", "iopub", "stdin", "control", "hb")
        connection = {kind + "_port": number for number, kind in enumerate(kinds, 1)}
        connection.update(ip="k", transport="ipc", key=key, signature_scheme="hmac-sha256")
        file = os.path.join(folder, "connection.json")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as opened:
            json.dump(connection, opened)
        program = os.path.join(FOLDER, "ipython_kernel.py")
        arguments = ["-u", program, output.marker.decode(), "-f", file]
        # What is printed goes to the pipe at once, and not through another thread.
        arguments += ["--IPKernelApp.outstream_class=None", "--HistoryManager.hist_file=:memory:"]
        environment = dict(os.environ, JPY_PARENT_PID=str(os.getpid()))
        # Nobody debugs here, so nobody needs to know how that would go.
        environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        self.process = spawn(arguments, output, cwd=folder, env=environment)

        self.session = Session(key=key.encode(), username="notebook")
        self.context = zmq.Context()
        self.shell = self.connect(zmq.DEALER, connection["shell_port"])
        self.iopub = self.connect(zmq.SUB, connection["iopub_port"])
        self.iopub.subscribe(b"")
        self.poller = zmq.Poller()
        self.sources = [self.shell, self.iopub]
        self.request = None
        self.is_idle = self.is_answered = self.is_good = False
        self.wait()

    def connect(self, kind, port):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.connect("ipc://k-%d" % port)
        return socket

    def wait(self):
        """Waits until the kernel answers and what it publishes arrives."""
        deadline = time.monotonic() + START_SECONDS
        is_answered = is_heard = False
        while not (is_answered and is_heard):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.end()
                raise OSError("the kernel of ipykernel did not start")
            self.session.send(self.shell, "kernel_info_request", {})
            is_heard |= bool(self.iopub.poll(100))
            is_answered |= bool(self.shell.poll(400))
        while self.shell.poll(0) or self.iopub.poll(0):
            list(self.receive())

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def execute(self, code, is_quiet):
        content = {
            "code": code,
            "silent": is_quiet,
            "store_history": not is_quiet,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        self.is_idle = self.is_answered = False
        message = self.session.send(self.shell, "execute_request", content)
        self.request = message["header"]["msg_id"]

    def wait_for_more(self):
        self.iopub.poll(100)

    def receive(self):
        for socket in self.sources:
            while True:
                _, message = self.session.recv(socket, self.zmq.NOBLOCK)
                if message is None:
                    break
                yield from self.take(message)

    def take(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            yield "text", content["text"]
        elif kind in ("display_data", "update_display_data"):
            yield "display", content["data"]
        elif message["parent_header"].get("msg_id") != self.request:
            return
        elif kind == "execute_result":
            yield "result", content["data"]
        elif kind == "error":
            yield "result", {"text/plain": "\n".join(content["traceback"])}
        elif kind == "status" and content["execution_state"] == "idle":
            self.is_idle = True
        elif kind == "execute_reply":
            self.is_answered, self.is_good = True, content["status"] == "ok"
        if self.is_idle and self.is_answered:
            self.request = None
            self.is_idle = False
            yield "done", self.is_good


def install(path):
    """Returns an expression that runs `install` of a Python file in the kernel and leaves no name."""
    code = 'exec(compile(open(%r, encoding="utf-8").read(), %r, "exec"), names)' % (path, path)
    names = '{"__name__": "notebook_helpers", "__file__": %r}' % path
    return '(lambda names: (%s, names["install"](globals())) and None)(%s)' % (code, names)


class Driver:
    """Takes requests, and lets the kernel do one thing after another."""

    def __init__(self, reports):
        self.reports = reports
        self.output = Output(reports)
        self.kernel = self.start_kernel()
        os.close(self.output.write_end)
        self.poller = self.kernel.poller
        # Wakes us when the kernel ends.
        self.wake, wake_end = os.pipe()
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for source in [0, self.wake, self.output.read_end, *self.kernel.sources]:
            self.poller.register(source, select.POLLIN)
        self.received = b""
        self.displays = collections.deque()
        self.events = collections.deque()
        self.steps = collections.deque()
        self.is_busy = self.is_quiet = False
        self.is_starting = True

    def start_kernel(self):
        if os.environ.get("OPENHANDS_NOTEBOOK_KERNEL") != "minimal":
            try:
                return Jupyter(self.output)
            except ImportError:
                pass
            except OSError as error:
                sys.stderr.write("%s; the small notebook is used instead\n" % error)
                self.output.read()
        return Repl(self.output)

    def run(self):
        self.steps.append((install(os.path.join(FOLDER, "helpers.py")), True))
        self.advance(True)
        while self.kernel.process.poll() is None:
            for source, _ in self.poller.poll():
                if source == 0:
                    self.read_requests()
                elif source == self.output.read_end:
                    self.read_output()
                elif source == self.wake:
                    os.read(self.wake, READ_BYTES)
            self.listen()
        self.listen()
        code = self.kernel.process.returncode
        how = "exit code %d" % code if code >= 0 else signal.Signals(-code).name
        self.reports.say("ended", how=how)

    def read_requests(self):
        data = os.read(0, READ_BYTES)
        if not data:
            os.killpg(self.kernel.process.pid, signal.SIGKILL)
            sys.exit(0)
        *lines, self.received = (self.received + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if request["kind"] == "run":
                self.steps.extend(steps(request))
                self.advance(True)
            elif request["kind"] == "interrupt" and self.is_busy:
                self.steps.clear()
                os.killpg(self.kernel.process.pid, signal.SIGINT)

    def advance(self, is_good):
        """Goes on with the next step, or says that there is none."""
        if not is_good and not self.is_quiet:
            self.steps.clear()
        if self.steps:
            code, self.is_quiet = self.steps.popleft()
            self.is_busy = True
            self.kernel.execute(code, self.is_quiet)
            return
        self.is_busy = False
        if self.is_starting:
            self.is_starting = False
            version = "%d.%d.%d" % sys.version_info[:3]
            processes = [os.getpid(), self.kernel.process.pid]
            fields = {"python": sys.executable, "version": version, "processes": processes}
            self.reports.say("ready", kernel=self.kernel.name, **fields)
            return
        try:
            directory = os.readlink("/proc/%d/cwd" % self.kernel.process.pid)
        except OSError:
            directory = ""
        self.reports.is_line_begin = True
        self.reports.say("done", directory=directory)

    def pull(self):
        """Takes what the kernel has said until now."""
        for kind, value in self.kernel.receive():
            if kind == "display":
                self.displays.append(value)
            else:
                self.events.append((kind, value))

    def listen(self):
        self.pull()
        self.drain()
        while self.events:
            kind, value = self.events.popleft()
            if kind == "text":
                self.reports.text(value)
            elif kind == "result" and not self.is_quiet:
                self.reports.bundle(value)
            elif kind == "done":
                while self.displays:
                    self.reports.bundle(self.displays.popleft())
                self.advance(value)

    def drain(self):
        """Takes all that was printed until now."""
        taken = 0
        while taken < PIPE_BYTES:
            count = self.read_output()
            if not count:
                return
            taken += count

    def read_output(self):
        if not self.output.is_open:
            return 0
        count, pieces = self.output.read()
        for piece in pieces:
            if piece is None:
                self.place_display()
            else:
                self.reports.text(piece)
        if not self.output.is_open:
            self.poller.unregister(self.output.read_end)
        return count

    def place_display(self):
        """Says the display whose place this is; its content may still be on the way."""
        deadline = time.monotonic() + DISPLAY_SECONDS
        while not self.displays and time.monotonic() < deadline:
            self.kernel.wait_for_more()
            self.pull()
        if self.displays:
            self.reports.bundle(self.displays.popleft())


def steps(request):
    """Returns what is to be run, one after another, each with whether nobody is to see it."""
    found = []
    if request["directory"]:
        found.append(('__import__("os").chdir(%r)' % request["directory"], True))
    if request["init"]:
        found.append((request["init"], False))
    found.append((request["code"], False))
    return found


def main():
    reports = Reports()
    if sys.version_info < OLDEST:
        reports.say("unfit", reason="it is Python %d.%d" % sys.version_info[:2])
        return
    # Whoever ignores this signal passes that on to what it starts.
    signal.signal(signal.SIGINT, lambda *_: None)
    Driver(reports).run()


main()
