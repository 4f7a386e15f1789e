"""The terminal of `doorstep sql`, used by hand: keys go in at a pseudo-terminal, the screen is read.

    terminal.py READY_FILE BINARY
"""

import json
import os
import pty
import re
import select
import signal
import sys
import tempfile
import time
import unittest

READY, BINARY = json.load(open(sys.argv[1])), sys.argv[2]
KEY = READY["admin_key"]
RUNAWAY = "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b;"
UP, CTRL_C, CTRL_D = "\x1b[A", "\x03", "\x04"
# An empty prompt: nothing but the way to its end follows.
PROMPT = r"\n\rdoorstep> \r$"


class Terminal:
    """`doorstep sql` at 80 columns, whose history lies in `state`."""

    def __init__(self, state):
        self.process, self.screen = pty.fork()
        if self.process == 0:
            environment = dict(os.environ, XDG_STATE_HOME=state, TERM="xterm", COLUMNS="80", LINES="24",
                               DOORSTEP_KEY=f"{KEY['access']}:{KEY['secret']}")
            os.execve(BINARY, [BINARY, "sql", "--server", "http://" + READY["api"]], environment)
        self.until(PROMPT)

    def type(self, keys):
        os.write(self.screen, keys.encode())

    def until(self, wanted, seconds=30):
        """What was shown up to `wanted`, without the codes that move and colour."""
        shown, end = "", time.monotonic() + seconds
        while not re.search(wanted, shown):
            ready, _, _ = select.select([self.screen], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{wanted!r} was not shown: {shown[-2000:]!r}")
            try:
                raw = os.read(self.screen, 65536)
            except OSError:  # the other side has ended
                raise AssertionError(f"it ended without {wanted!r}: {shown[-2000:]!r}") from None
            shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode(errors="replace"))
        return shown

    def line(self, text, wanted=""):
        """What is shown for a line up to the next prompt, with `wanted` in it."""
        self.type(text + "\r")
        return self.until(wanted + r"[\s\S]*" + PROMPT)

    def leave(self):
        self.type(CTRL_D)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


class ByHand(unittest.TestCase):
    def setUp(self):
        self.state = tempfile.TemporaryDirectory()
        self.addCleanup(self.state.cleanup)

    def open(self):
        terminal = Terminal(self.state.name)

        def end():
            try:
                os.kill(terminal.process, signal.SIGKILL)
                os.waitpid(terminal.process, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            os.close(terminal.screen)

        self.addCleanup(end)
        return terminal

    def test_rows_are_drawn_as_a_table(self):
        terminal = self.open()
        shown = terminal.line("SELECT 'shared ride' AS what, 7 AS n;", "shared ride[^']*7[^']*\\n")
        self.assertRegex(shown, r"what +[│|] +n|what.*n")
        # A statement may have several lines; a comment's semicolon does not end it.
        terminal.type("SELECT 1 + 1 -- a; b\r")
        terminal.until(r"\.\.\.> ")
        self.assertRegex(terminal.line("AS two;", r"two[\s\S]*2"), "2")
        self.assertIn("did you mean", terminal.line("SELECT * FROM querie;", "did you mean"))
        self.assertEqual(terminal.leave(), 0)

    def test_tables_and_columns_are_listed_and_completed(self):
        terminal = self.open()
        terminal.line("CREATE TABLE teahouses (tearooms BIGINT, opened DATE);")
        self.assertIn("teahouses", terminal.line("\\d", "teahouses"))
        self.assertIn("tearooms", terminal.line("\\d teahouses", "opened"))
        self.assertIn("no table nothing", terminal.line("\\d nothing", "no table nothing"))
        self.assertIn("default\r\ndoorstep", terminal.line("\\l", "default"))
        terminal.type("sel\t")
        terminal.until("select")
        terminal.type(" count(tearo\t")
        terminal.until("tearooms")
        terminal.type(") AS none FROM teahou\t")
        terminal.until("teahouses")
        self.assertRegex(terminal.line(";", r"none[\s\S]*0"), "0")
        terminal.line("DROP TABLE teahouses;")
        self.assertEqual(terminal.leave(), 0)

    def test_what_was_asked_is_recalled_also_by_the_next_one(self):
        terminal = self.open()
        terminal.line("SELECT 41 + 1 AS answer;", r"answer[\s\S]*42")
        terminal.type(UP)
        terminal.until("41 \\+ 1")
        self.assertRegex(terminal.line("", r"answer[\s\S]*42"), "42")
        self.assertEqual(terminal.leave(), 0)
        again = self.open()
        again.type(UP)
        again.until("41 \\+ 1")
        again.type(CTRL_C)
        again.until(PROMPT)
        self.assertEqual(again.leave(), 0)

    def test_a_long_statement_shows_a_bar_and_is_called_off(self):
        terminal = self.open()
        terminal.type(RUNAWAY + "\r")
        terminal.until(r"\d% \ds")
        began = time.monotonic()
        terminal.type(CTRL_C)
        terminal.until(r"called off[\s\S]*" + PROMPT)
        self.assertLess(time.monotonic() - began, 5)
        self.assertRegex(terminal.line("SELECT 'still here' AS said;", "still here[^']*\\n"), "still here")
        self.assertEqual(terminal.leave(), 0)

    def test_commands_help_and_statistics(self):
        terminal = self.open()
        self.assertIn("Tab completes", terminal.line("\\?", "Tab completes"))
        terminal.line("\\stats")
        self.assertRegex(terminal.line("SELECT 1 AS one;", r"one[\s\S]*1[\s\S]*ms"), "ms")
        self.assertIn("no command", terminal.line("\\x", "no command"))
        terminal.type("\\q\r")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(terminal.process, 0)[1]), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
