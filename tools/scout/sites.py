"""Buildings and works of a place, with the words in which people ask about such things: when built, how high, by whom."""

from asking import ABSENT, Section, Turn, Voice
from facts import GENERIC, QUESTIONS
from pools import ADJECTIVES, COLOURS, GOODS, LAST_NAMES, NOUNS, PLACES

KINDS = ("bridge church school harbour tower hall lighthouse library theatre hospital station garden fountain quarry well dam canal "
         "museum warehouse market chapel windmill tunnel pier palace barn monument").split()
NAMES = ("the {kind} at {place}", "the {kind} of {place}", "the {place} {kind}", "the {adjective} {kind}", "{adjective} {kind}", "the {kind} {noun}")

# attribute: (statements, questions)
ATTRIBUTES = {
    "year": ("{n} was built in {v}.|{n} was finished in {v}.|{n} dates from {v}.|the year {v} saw {n} built.|they built {n} in {v}.",
             "when was {n} built?|in which year was {n} built?|what year was {n} finished?|from what year does {n} date?|"
             "in what year did they build {n}?|since when has {n} stood?"),
    "cost": ("{n} cost {v}.|{v} was paid for {n}.|the bill for {n} came to {v}.|building {n} took {v}.|{v} was spent on {n}.",
             "what did {n} cost?|how much did {n} cost?|how much was paid for {n}?|what was the price of {n}?|how much was spent on {n}?|"
             "what sum was spent on {n}?"),
    "height": ("{n} is {v} high.|{n} stands {v} high.|{n} rises to {v}.|the height of {n} is {v}.",
               "how high is {n}?|how tall is {n}?|what is the height of {n}?|to what height does {n} rise?"),
    "length": ("{n} is {v} long.|{n} measures {v} from end to end.|the length of {n} is {v}.|{n} runs for {v}.",
               "how long is {n}?|what is the length of {n}?|what length has {n}?|how far does {n} run?"),
    "builder": ("{n} was built by {v}.|{v} built {n}.|{v} drew the plans for {n}.|the builder of {n} was {v}.",
                "who built {n}?|who drew the plans for {n}?|who was the builder of {n}?|whose work is {n}?|by whom was {n} built?"),
    "keeper": ("{v} looks after {n}.|{n} is in the care of {v}.|the keeper of {n} is {v}.|{v} has the keys of {n}.|{n} belongs to {v}.",
               "who looks after {n}?|who is the keeper of {n}?|who has the keys of {n}?|to whom does {n} belong?|who owns {n}?|"
               "in whose care is {n}?"),
    "colour": ("{n} is painted {v}.|{n} is {v}.|they painted {n} {v}.|the walls of {n} are {v}.",
               "what colour is {n}?|which colour is {n} painted?|what is the colour of {n}?|in what colour was {n} painted?"),
    "visitors": ("{v} people visit {n} in a year.|{n} has {v} visitors a year.|in one year {v} people came to {n}.",
                 "how many people visit {n}?|how many visitors does {n} have?|how many people came to {n}?|how many visit {n} in a year?"),
    "opening": ("{n} was opened on {v}.|on {v} {n} was opened.|the doors of {n} opened on {v}.|{n} opened its doors on {v}.",
                "when was {n} opened?|on what day was {n} opened?|which day was {n} opened?|when did {n} open?|on which date did {n} open?"),
    "use": ("{n} is used for {v}.|they keep {v} in {n}.|{n} is full of {v}.",
            "what is {n} used for?|what do they keep in {n}?|what is kept in {n}?|what is {n} full of?"),
}
ALSO = {"year": "and when was it built?", "cost": "and what did it cost?|how much did it cost?", "height": "and how high is it?",
        "length": "how long is it?|and its length?", "builder": "and who built it?|who built it?", "keeper": "and who looks after it?",
        "colour": "what colour is it?|and what colour is it?", "visitors": "how many people visit it?", "opening": "and when was it opened?",
        "use": "and what is it used for?"}
SAME = "and {n}?|what about {n}?|and for {n}?|the same for {n}?"


class Sites:
    """Works with attributes, told one by one among the rest of the text."""

    def __init__(self, voice: Voice, count: int):
        self.voice, self.rng = voice, voice.rng
        forms = self.rng.sample(NAMES, self.rng.randint(1, len(NAMES)))
        self.odd = [voice.pools.pick(NOUNS) for _ in range(3)]
        self.sites: dict[str, dict[str, str]] = {}
        for _ in range(count):
            name = self.rng.choice(forms).format(kind=self.rng.choice(KINDS), place=voice.pools.pick(PLACES),
                                                 adjective=voice.pools.pick(ADJECTIVES).title(), noun=voice.pools.pick(NOUNS).title())
            chosen = self.rng.sample([*ATTRIBUTES, *self.odd], self.rng.randint(1, 5))
            self.sites.setdefault(name, {a: self._value(a) for a in chosen})
        self.pairs = [(n, a) for n, values in self.sites.items() for a in values]

    def _value(self, attribute: str) -> str:
        p = self.voice.pools
        match attribute:
            case "year": return p.number(1201, 1999)
            case "cost": return p.money()
            case "height" | "length": return f"{p.number(12, 990)} {self.rng.choice(['feet', 'metres', 'yards', 'paces'])}"
            case "builder" | "keeper": return f"{p.first_name()[0]} {p.pick(LAST_NAMES)}"
            case "colour": return p.pick(COLOURS)
            case "visitors": return p.number(100, 99999)
            case "opening": return p.date()
            case "use": return p.pick(GOODS)
        return self.rng.choice([p.phrase, p.code, lambda: p.pick(NOUNS), lambda: p.pick(PLACES), lambda: p.number(10, 9999)])()

    def section(self) -> Section:
        said = [self.voice.say(ATTRIBUTES.get(a, (GENERIC, ""))[0], n=n, a=a, v=self.sites[n][a]) for n, a in self.pairs]
        self.rng.shuffle(said)
        return Section(said, {"site": self.one, "site-follow-up": self.follow_up, "site-absent": self.absent},
                       heading=self.rng.choice(["Works and buildings", "The town", "Survey", "Guide for visitors"]))

    def _question(self, name: str, attribute: str) -> str:
        return self.voice.ask(ATTRIBUTES.get(attribute, ("", QUESTIONS))[1], n=name, a=attribute)

    def one(self) -> list[Turn]:
        name, attribute = self.rng.choice(self.pairs)
        return [Turn("one-fact", self._question(name, attribute), self.sites[name][attribute])]

    def follow_up(self) -> list[Turn] | None:
        name, attribute = self.rng.choice(self.pairs)
        turns = [Turn("one-fact", self._question(name, attribute), self.sites[name][attribute])]
        more = [a for a in self.sites[name] if a != attribute and a in ALSO]
        others = [n for n in self.sites if n != name and attribute in self.sites[n]]
        if more:
            other = self.rng.choice(more)
            turns.append(Turn("follow-up", self.voice.ask(ALSO[other]), self.sites[name][other]))
        elif others:
            other = self.rng.choice(others)
            turns.append(Turn("follow-up", self.voice.ask(SAME, n=other), self.sites[other][attribute]))
        return turns if len(turns) > 1 else None

    def absent(self) -> list[Turn] | None:
        name = self.rng.choice(list(self.sites))
        missing = [a for a in ATTRIBUTES if a not in self.sites[name]]
        return [Turn("absent", self._question(name, self.rng.choice(missing)), ABSENT)]
