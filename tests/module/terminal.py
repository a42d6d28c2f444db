#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""terminal.py - profbuf top on a pseudo terminal: keys, sizes, signals; the terminal is as before afterwards; TAP

usage: terminal.py PROFBUF
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

profbuf, number = sys.argv[1], 1
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Top:
    """One run of top; self.out is all it wrote, self.screen what it drew last."""

    def __init__(self, *options):
        self.master, self.slave = pty.openpty()
        self.resize(30, 100)
        self.before = termios.tcgetattr(self.slave)
        self.out = b""
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            os.execv(profbuf, [profbuf, "top", "-F", "499", "-d", "0.5", *options])

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def screen(self):
        return self.out.rsplit(b"\x1b[H", 1)[-1]

    def wait(self, pattern, seconds=30):
        """Until what it drew last, or at its end wrote, has the pattern."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if re.search(pattern, self.screen, re.S):
                return True
            if select.select([self.master], [], [], 0.1)[0]:
                self.out += os.read(self.master, 65536)
        print(f"# never seen: {pattern}; last was {self.screen[-1500:]!r}")
        return False

    def keys(self, text):
        os.write(self.master, text)

    def pause(self, pattern):
        """Pauses it with that on the screen."""
        for _ in range(20):
            if not self.wait(pattern):
                return False
            self.keys(b"p")
            if self.wait(rb"PAUSED") and re.search(pattern, self.screen, re.S):
                return True
            self.keys(b"p")
            self.wait(rb"^(?!.*PAUSED).*self %")
        return False

    def stopped(self):
        for _ in range(100):
            with open(f"/proc/{self.pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "T":
                    return True
            time.sleep(0.05)
        return False

    def end(self):
        """The status of waitpid(); None if it does not end."""
        for _ in range(200):
            while select.select([self.master], [], [], 0.05)[0]:
                self.out += os.read(self.master, 65536)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
        os.kill(self.pid, signal.SIGKILL)
        return None

    def restored(self):
        now = termios.tcgetattr(self.slave)
        return now == self.before and self.out.count(ENTER) == self.out.count(LEAVE) > 0 and \
            b"\x1b[?25h" in self.out.rsplit(b"\x1b[?25l", 1)[-1]


def result(name, good):
    global number
    print(f"{'' if good else 'not '}ok {number} - {name}", flush=True)
    number += 1


top = Top()
good = top.wait(rb"self %.*half .*split") and termios.tcgetattr(top.slave) != top.before
result("top_draws_on_a_terminal", good)
top.keys(b"b")
good = top.wait(rb"by object.*split")
top.keys(b"b")
good = good and top.wait(rb"by process.*split \(\d+\)")
result("top_key_b_changes_the_rows", good)
top.keys(b"bbb")
good = top.wait(rb"by symbol")
top.keys(b"s")
good = good and top.wait(rb"order total")
top.keys(b"ss")
good = good and top.wait(rb"order self")
result("top_key_s_changes_the_order", good)
top.keys(b"/fif")
good = top.wait(rb"/fif_")
top.keys(b"x\x7ft\r")
good = good and top.wait(rb"with fift .*fifth") and b"third" not in top.screen
result("top_filter", good)
top.keys(b"c")
good = top.wait(rb"\x1b\[7m[^\n]*fifth[^\n]*\n[^\n]*from \w+")
result("top_shows_callers", good)
top.keys(b"c\x1b")
good = top.wait(rb"order self   h help.*third")
# Fifth, the first by name, is selected. A slow machine has intervals in which there is only one of them.
top.keys(b"/split\rss")
good = good and top.pause(rb"order name, with split .*\x1b\[7m[^\n]*fifth[^\n]*\n[^\n]*half[^\n]*\n[^\n]*third")
top.keys(b"\x1b[B")
good = good and top.wait(rb"\x1b\[7m[^\n]*half")
top.keys(b"j")
good = good and top.wait(rb"\x1b\[7m[^\n]*third")
top.keys(b"\x1b[A")
good = good and top.wait(rb"\x1b\[7m[^\n]*half")
top.keys(b"ps\x1b")
result("top_selects_rows", good)
top.keys(b"h")
good = top.wait(rb"quit.*pause, go on")
top.keys(b"h")
good = good and top.wait(rb"self %")
result("top_help", good)
top.keys(b"p")
good = top.wait(rb"PAUSED")
time.sleep(1)
with open("/sys/class/misc/profbuf/sessions") as f:
    good = good and f.read() == "0\n"
top.keys(b"bbb")
good = good and top.wait(rb"by thread.*split \(\d+/\d+\)")
top.keys(b" bb")
good = good and top.wait(rb"by symbol(?!.*PAUSED).*half")
result("top_pauses_and_goes_on", good)
top.resize(10, 60)
good = top.wait(rb"^(?=.*self %)[^\n]*(\n[^\n]*){9}\Z")
top.resize(30, 100)
good = good and top.wait(rb"^(?=.*self %)[^\n]*(\n[^\n]*){10,}\Z")
result("top_follows_the_size", good)
os.kill(top.pid, signal.SIGTSTP)
good = top.wait(rb"\x1b\[\?1049l\Z") and top.stopped() and termios.tcgetattr(top.slave) == top.before
os.kill(top.pid, signal.SIGCONT)
good = good and top.wait(rb"^(?!.*1049l).*self %.*half")
result("top_stops_and_goes_on", good)
top.keys(b"q")
result("top_quits_at_q_and_restores_the_terminal", top.end() == 0 and top.restored())

for what, number_of in (("sigint", signal.SIGINT), ("sigterm", signal.SIGTERM), ("sighup", signal.SIGHUP),
                        ("sigquit", signal.SIGQUIT), ("sigsegv", signal.SIGSEGV), ("sigabrt", signal.SIGABRT)):
    top = Top()
    good = top.wait(rb"self %")
    os.kill(top.pid, number_of)
    status = top.end()
    crash = number_of in (signal.SIGSEGV, signal.SIGABRT)
    good = good and status is not None and (os.WIFSIGNALED(status) if crash else status == 0)
    result(f"top_restores_the_terminal_at_{what}", good and top.restored())

top = Top()
good = top.wait(rb"self %")
top.keys(b"\x03")
result("top_ends_at_ctrl_c", top.end() == 0 and top.restored() and good)
top = Top("-i", "2")
result("top_ends_after_iterations", top.end() == 0 and top.restored())
top = Top("-p", "4000000")
result("top_without_its_process_says_so", os.waitstatus_to_exitcode(top.end()) == 1 and b"no such process" in top.out)
top = Top("-b", "-i", "1")
result("top_batch_on_a_terminal_is_plain", top.end() == 0 and b"\x1b" not in top.out and b"half" in top.out)
