"""Values that change over a year: the latest, the first, the one of a date, all of them in order."""

from asking import ABSENT, Section, Turn, Voice, join
from pools import GOODS, MONTHS, PLACES

SUBJECTS = ("the price of {g} in {p}", "the toll at {p}", "the rent of the hall at {p}", "the stock of {g} at {p}",
            "the height of the river at {p}", "the number of pupils at {p}", "the wage of the {g} porters at {p}")
SET = ("on {d}, {s} was set at {v}.|on {d} {s} stood at {v}.|from {d}, {s} is {v}.|entry of {d}: {s}, {v}.|"
       "as of {d}, {s} came to {v}.")
LATEST = ("what's {s} now?|how much is {s} today?|what is the last known value of {s}?|most recent value of {s}?|what is {s} now?|what is the latest figure for {s}?|give the current value of {s}.|what is {s} at present?|"
          "what was {s} at last?|to what did {s} come in the end?|tell me the newest value of {s}.|what does {s} finally amount to?")
FIRST = ("what was {s} at first?|give the first figure for {s}.|what was {s} in the beginning?|what is the earliest value of {s}?|"
         "where did {s} start?")
DATED = "what was {s} on {d}?|on {d}, what was {s}?|give {s} as of {d}.|what figure was noted on {d} for {s}?|which value had {s} on {d}?"
ORDER = ("list every value of {s} in order.|how did {s} change over time? List the values.|give all figures for {s}.|"
         "what are all the values of {s}, oldest first?|trace {s} through the year.")


class Changes:
    def __init__(self, voice: Voice, count: int):
        self.voice, self.rng = voice, voice.rng
        pools, self.history = voice.pools, {}
        for _ in range(count):
            subject = self.rng.choice(SUBJECTS).format(g=pools.pick(GOODS), p=pools.pick(PLACES))
            make = pools.money if "price" in subject or "rent" in subject else lambda: pools.number(20, 990)
            days = sorted(self.rng.sample(range(12 * 28), self.rng.randint(1, 5)))
            self.history[subject] = [(f"{d % 28 + 1} {MONTHS[d // 28]}", make()) for d in days]
        self.subjects = list(self.history)

    def section(self) -> Section:
        steps = [(self._day(d), self.voice.say(SET, d=d, s=s, v=v)) for s, rows in self.history.items() for d, v in rows]
        steps.sort(key=lambda step: step[0])
        return Section([text for _, text in steps], {"latest": self.latest, "history": self.in_order, "dated": self.dated,
                                                     "absent": self.absent},
                       together=self.rng.random() < 0.3, heading=self.rng.choice(["Minutes", "Chronicle of the year", "Day book"]))

    @staticmethod
    def _day(date: str) -> int:
        day, month = date.split()
        return MONTHS.index(month) * 28 + int(day)

    def latest(self) -> list[Turn]:
        subject = self.rng.choice(self.subjects)
        rows = self.history[subject]
        if self.rng.random() < 0.25:
            return [Turn("first", self.voice.ask(FIRST, s=subject), rows[0][1])]
        return [Turn("latest", self.voice.ask(LATEST, s=subject), rows[-1][1])]

    def dated(self) -> list[Turn]:
        subject = self.rng.choice(self.subjects)
        date, value = self.rng.choice(self.history[subject])
        return [Turn("dated", self.voice.ask(DATED, s=subject, d=date), value)]

    def in_order(self) -> list[Turn]:
        subject = self.rng.choice(self.subjects)
        values = [v for _, v in self.history[subject]]
        return [Turn("history", self.voice.ask(ORDER, s=subject), join(values) + ".", values)]

    def absent(self) -> list[Turn]:
        while True:
            subject = self.rng.choice(SUBJECTS).format(g=self.voice.pools.pick(GOODS), p=self.voice.pools.pick(PLACES))
            if subject not in self.history:
                return [Turn("absent", self.voice.ask(LATEST, s=subject), ABSENT)]
