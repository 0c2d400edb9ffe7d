"""Whatever processes do with one journal, and in whatever order: what forbids a purchase is what the rules say."""

from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aeforge_cli.journal.interface import Claimed, Intent, Reuse, State, Step, Taken
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.journal.conftest import INTENT, NOW


@dataclass
class Model:
    """What must be true of a row."""

    intent: Intent
    process: int
    state: State = State.SUBMITTING

    @property
    def is_paid_and_unfinished(self) -> bool:
        return self.state is State.ACCEPTED or (self.state is State.SUCCEEDED and self.intent.output is not None)

    @property
    def is_pending(self) -> bool:
        return self.state in {State.SUBMITTING, State.UNKNOWN} or self.is_paid_and_unfinished


INTENTS = [INTENT, INTENT._replace(work="beef", output=None)]
IN_DOUBT = {State.SUBMITTING, State.UNKNOWN, State.LOST}
PAID = {State.ACCEPTED, State.SUCCEEDED, State.SAVED}
NEXT = {
    State.SUBMITTING: [State.NOT_SENT, State.REJECTED, State.UNKNOWN, State.ACCEPTED],
    State.ACCEPTED: [State.SUCCEEDED, State.FAILED, State.LOST],
    State.SUCCEEDED: [State.SAVED, State.SUCCEEDED],
}


class JournalMachine(RuleBasedStateMachine):
    """Two processes that claim, record, die and come back."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.rows: list[Model] = []
        self.born = 2
        self.journals = {0: SqliteJournal(self.folder), 1: SqliteJournal(self.folder)}
        self.alive = {0: 0, 1: 1}

    @rule(who=st.sampled_from([0, 1]), intent=st.sampled_from(INTENTS), reuse=st.sampled_from(Reuse))
    def claim(self, who: int, intent: Intent, reuse: Reuse) -> None:
        expected = self._blocker(self.alive[who], intent, reuse)

        found = self.journals[who].claim(intent, NOW, reuse)

        if expected is None:
            self.rows.append(Model(intent, self.alive[who]))
            assert found == Claimed(len(self.rows))
        else:
            assert isinstance(found, Taken)
            row = self.rows[expected - 1]
            assert (found.row.number, found.is_live) == (expected, self._looked_at(row, self.alive[who]))
            assert found.row.state is row.state

    def _looked_at(self, row: Model, process: int) -> bool:
        """Whether it is left to a living process; if not, what becomes of the row."""
        if row.process == process:
            return row.state is State.SUBMITTING
        if row.process in self.alive.values():
            return row.is_pending
        if row.state is State.SUBMITTING:
            row.state = State.UNKNOWN
        if row.is_paid_and_unfinished:
            row.process = process
        return False

    def _blocker(self, process: int, intent: Intent, reuse: Reuse) -> int | None:
        sent = [
            (number, row)
            for number, row in reversed([*enumerate(self.rows, 1)])
            if row.intent == intent and row.state not in {State.NOT_SENT, State.REJECTED}
        ]
        if reuse is Reuse.NOTHING or not sent:
            return None
        if sent[0][1].state in IN_DOUBT:
            return sent[0][0]
        return next((number for number, row in sent if self._counts(row, process, reuse)), None)

    def _counts(self, row: Model, process: int, reuse: Reuse) -> bool:
        # What a living process paid for counts for the others beside it: two lists at once buy each job once.
        is_beside = row.process == process or row.process in self.alive.values()
        is_wanted = reuse is Reuse.FINISHED or is_beside or row.is_paid_and_unfinished
        return row.state in PAID and is_wanted

    @rule(who=st.sampled_from([0, 1]), data=st.data())
    def record(self, who: int, data: st.DataObject) -> None:
        numbers = [number for number, row in enumerate(self.rows, 1) if row.state in NEXT]
        if numbers:
            number = data.draw(st.sampled_from(numbers))
            state = data.draw(st.sampled_from(NEXT[self.rows[number - 1].state]))
            job_id = f"job-{number}" if state is State.ACCEPTED else None
            self.journals[who].record(number, Step(state, job_id=job_id), NOW)
            self.rows[number - 1].state = state

    @rule(who=st.sampled_from([0, 1]))
    def end_and_begin_again(self, who: int) -> None:
        self.journals[who].close()
        self.journals[who] = SqliteJournal(self.folder)
        self.alive[who] = self.born
        self.born += 1

    @invariant()
    def both_processes_see_every_row(self) -> None:
        for journal in getattr(self, "journals", {}).values():
            assert [row.state for row in reversed(list(journal.rows()))] == [row.state for row in self.rows]
            pending = {number for number, row in enumerate(self.rows, 1) if row.is_pending}
            assert {row.number for row in journal.rows(pending=True)} == pending

    def teardown(self) -> None:
        for journal in getattr(self, "journals", {}).values():
            journal.close()
        rmtree(getattr(self, "folder", "/nonexistent"), ignore_errors=True)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = hypothesis.settings(max_examples=15, stateful_step_count=25)
