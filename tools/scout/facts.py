"""People and things with attributes: one fact, two hops, several needles, lists, JSON, follow-up questions."""

import json
from dataclasses import dataclass, field

from asking import ABSENT, Section, Turn, Voice, join
from pools import ADJECTIVES, COLOURS, DRINKS, INSTRUMENTS, JOBS, LAST_NAMES, NOUNS, PLACES

GENERIC = ("the {a} of {n} is {v}.|{n}'s {a} is {v}.|{n} has the {a} {v}.|as for {n}, the {a} is {v}.|"
           "it is recorded that the {a} of {n} is {v}.|for {n} the clerk wrote down the {a} {v}.")
QUESTIONS = ("what's {n}'s {a}?|what was {n}'s {a}?|can you tell me {n}'s {a}?|give me the {a} of {n}.|please find {n}'s {a}.|"
             "the {a} of {n}, please.|do we know the {a} of {n}?|what does the document say about the {a} of {n}?|"
             "say what the {a} of {n} is.|in the text, what is {n}'s {a}?|name the {a} of {n}.|{a} of {n}?|{n} {a}|"
             "what is {n}'s {a}?|what is the {a} of {n}?|tell me {n}'s {a}.|find the {a} of {n}.|which {a} does {n} have?|"
             "I need the {a} of {n}.|could you look up {n}'s {a}?|according to the document, what is the {a} of {n}?|"
             "{n}: {a}?|what {a} is given for {n}?|do you know {n}'s {a}?|what does the text give as the {a} of {n}?")
ALSO = "and {p} {a}?|what about {p} {a}?|and what is {p} {a}?|also {p} {a}, please?"
SAME_FOR = "and {n}'s?|what about {n}?|and for {n}?|the same for {n}?"
HOLDERS = ("who is it whose {a} is {v}?|{a} {v}: who is that?|name the person whose {a} is {v}.|who has the {a} {v}?|whose {a} is {v}?|of whom is {v} the {a}?|to whom does the {a} {v} belong?|"
           "find the person with the {a} {v}.|which person is listed with the {a} {v}?")

# attribute: (statements besides GENERIC, questions besides QUESTIONS)
PERSON = {
    "office": ("{n} works in {v}.|{n} has a desk in {v}.|{n} sits in {v}.",
               "where does {n} work?|in which room does {n} sit?|where can I find {n}?|which room is {n} in?"),
    "badge number": ("{n} carries badge number {v}.|{n} wears badge {v}.", ""),
    "extension": ("{n} can be reached on extension {v}.|{n} answers on extension {v}.",
                  "on which extension can I reach {n}?|how do I call {n}?|which number reaches {n}?|what extension do I dial for {n}?"),
    "home town": ("{n} comes from {v}.|{n} was born in {v}.|{n} grew up in {v}.",
                  "where does {n} come from?|where was {n} born?|which town is {n} from?|from which place does {n} come?"),
    "birth year": ("{n} was born in the year {v}.|{n} has lived since {v}.",
                   "in which year was {n} born?|when was {n} born?|since what year has {n} lived?|what year saw the birth of {n}?"),
    "profession": ("{n} works as a {v}.|{n} earns a living as a {v}.|{n} is a {v}.",
                   "what does {n} do for a living?|what work does {n} do?|as what does {n} earn a living?|what is {n} by trade?"),
    "instrument": ("{n} plays the {v}.|{n} practises the {v} on Sundays.",
                   "which instrument does {n} play?|what does {n} play?|what does {n} practise?|what instrument is {n} heard playing?"),
    "favourite drink": ("{n} always asks for {v}.|{n} likes {v} best.",
                        "what does {n} like to drink?|which drink does {n} ask for?|what should I pour for {n}?|what would {n} drink?"),
    "favourite colour": ("{n} likes {v} above all colours.|{n} prefers the colour {v}.",
                         "which colour does {n} prefer?|what colour does {n} like best?|which colour pleases {n}?|what colour is dearest to {n}?"),
    "access code": ("{n} was given the access code {v}.|{n} opens the gate with the code {v}.", ""),
    "locker": ("{n} uses locker {v}.|{n} keeps a coat in locker {v}.",
               "which locker does {n} use?|where does {n} keep a coat?|what locker is {n}'s?|which locker was given to {n}?"),
    "salary": ("{n} earns {v} a year.|{n} is paid {v}.",
               "how much does {n} earn?|what is {n} paid?|how much is {n} paid?|what are the earnings of {n}?"),
    "password": ("{n} chose the password {v}.|{n} signs in with the word {v}.", ""),
    "birthday": ("{n} celebrates on {v}.|{n} has a birthday on {v}.",
                 "when is {n}'s birthday?|on what day does {n} celebrate?|when does {n} celebrate?|which day is the birthday of {n}?"),
    "employer": ("{n} is employed at {v}.|{n} serves at {v}.", "who employs {n}?|where is {n} employed?|where does {n} serve?|at what place is {n} employed?"),
}
UNIQUE = {"office", "badge number", "extension", "access code", "locker", "password"}
THINGS = {
    "the ship": ("captain", {"home port": "place", "tonnage": "amount", "cargo": "drink", "colour": "colour", "call sign": "code"}),
    "project": ("leader", {"budget": "money", "deadline": "date", "site": "place", "password": "phrase", "file number": "code"}),
    "the inn": ("landlord", {"founding year": "year", "colour": "colour", "speciality": "drink", "number of rooms": "amount"}),
    "the mill": ("owner", {"founding year": "year", "rent": "money", "location": "place", "mark": "code"}),
    "the choir": ("conductor", {"rehearsal room": "room", "founding year": "year", "home town": "place", "fee": "money"}),
    "the journal": ("editor", {"price": "money", "print run": "amount", "place of printing": "place", "shelf mark": "code"}),
}
ABOUT_ROLE = ("the {r} of {e} is {p}.|{p} is the {r} of {e}.|{e} has {p} as its {r}.|{p} was named {r} of {e}.|"
              "since spring {p} has been the {r} of {e}.")
ROLE = ("who's the {r} of {e}?|what is the name of the {r} of {e}?|{r} of {e}?|who is the {r} of {e}?|name the {r} of {e}.|which person is the {r} of {e}?|tell me who the {r} of {e} is.|"
        "by whom is the post of {r} of {e} held?")
TWO_HOPS = ("what {a} does the {r} of {e} have?|tell me the {a} of the {r} of {e}.|the {r} of {e}: name and {a}, please.|"
            "look up the {r} of {e}, then that person's {a}.|{e} has a {r}: what is the {a} of that person?|"
            "what's the {a} of the {r} of {e}?|what is the {a} of the {r} of {e}?|take the {r} of {e}: what is that person's {a}?|"
            "who is the {r} of {e}, and what is that person's {a}?|I need the {a} of whoever is the {r} of {e}.|"
            "find the {r} of {e} and tell me that person's {a}.|what {a} has the person who is the {r} of {e}?")
SEVERAL = ("find {list}.|what is {list}?|can you give me {list}?|I want to know {list}.|give me {list}.|what are {list}?|look up {list}.|please list {list}.|I need all of these: {list}.|tell me {list}.")
SHARED = ("who has the {a} {v}? List them all and count them.|list everyone whose {a} is {v}, with the number.|"
          "how many people have the {a} {v}, and who are they?|name all people with the {a} {v} and count them.|"
          "which people share the {a} {v}, and how many are there?")
RECORD = ("give the record of {n} as JSON with the keys {keys}.|write {n}'s details as a JSON object with the keys {keys}.|"
          "JSON for {n}, keys {keys}.|return a JSON object for {n} with {keys}.|turn what is said of {n} into JSON with the keys {keys}.")


@dataclass
class Entity:
    name: str
    possessive: str
    values: dict[str, str] = field(default_factory=dict)


class Facts:
    """A cast of people and things whose names collide more the larger it is."""

    def __init__(self, voice: Voice, people: int, things: int, plain: bool = False):
        """plain: only unambiguous names and "X's a is v." (the first stage of the curriculum)."""
        self.voice, self.rng, self.pools, self.plain = voice, voice.rng, voice.pools, plain
        self.used: set[str] = set()
        self.holder: dict[tuple[str, str], list[str]] = {}
        self.place: dict[tuple[str, str], int] = {}
        self.people = self._cast(people)
        self.things = [] if plain else [self._thing() for _ in range(things if self.people else 0)]
        self.pairs = [(p, a) for p in self.people for a in p.values]

    def section(self) -> Section:
        askers = {"one-fact": self.one_fact}
        if not self.plain:
            askers |= {"several": self.several, "absent": self.absent, "json-record": self.json_record,
                       "follow-up": self.follow_up, "count": self.count, "reverse": self.reverse}
            if self.things:
                askers |= {"two-hop": self.two_hop, "thing": self.thing}
        heading = self.rng.choice(["Staff notes", "The people of the house", "Register of persons", "Who is who", "Notes of the clerk"])
        return Section(self._sentences(), askers, heading=heading)

    # -- the cast ---------------------------------------------------------------------------------------------------

    def _cast(self, count: int) -> list[Entity]:
        # the fewer names a cast shares, the more often a first name alone says too little; training has more of that
        shares = [0.08, 0.15, 0.35, 0.6, 1.0] if self.voice.books == "train" else [0.35, 0.6, 1.0]
        spread = count if self.plain else max(3, int(count * self.rng.choice(shares)))
        firsts = list({name: (name, whose) for name, whose in (self.pools.first_name() for _ in range(spread))}.values())
        lasts = list({self.pools.pick(LAST_NAMES): None for _ in range(spread)})
        cast, attributes = [], list(PERSON)
        if self.rng.random() < 0.5:
            attributes = self.rng.sample(attributes, self.rng.randint(3, 6))
        for i in range(count):
            first, possessive = firsts[i % len(firsts)] if self.plain else self.rng.choice(firsts)
            last = lasts[i % len(lasts)] if self.plain else self.rng.choice(lasts)
            name = f"{first} {last}"
            if name in self.used:
                continue
            self.used.add(name)
            person = Entity(name, possessive)
            most = 1 if self.plain else min(len(attributes), self.rng.choice([1, 2, 2, 3, 4]))
            for attribute in self.rng.sample(attributes, most):
                value = self._value(attribute)
                person.values[attribute] = value
                self.holder.setdefault((attribute, value), []).append(name)
            cast.append(person)
        return cast

    def _value(self, attribute: str) -> str:
        shared = [v for a, v in self.holder if a == attribute] if attribute not in UNIQUE else []
        if shared and self.rng.random() < 0.25:
            value = self.rng.choice(shared)
            if len(self.holder[attribute, value]) < 6:
                return value
        for _ in range(20):
            value = self._fresh(attribute)
            if (attribute, value) not in self.holder:
                break
        return value

    def _fresh(self, attribute: str) -> str:
        p = self.pools
        match attribute:
            case "office" | "room": return f"Room {p.letters(1)}{p.number(2, 899)}"
            case "badge number": return p.number(1000, 999999)
            case "extension": return p.number(200, 9999)
            case "home town" | "place" | "employer": return p.pick(PLACES)
            case "birth year" | "year": return p.number(1801, 1999)
            case "profession": return p.pick(JOBS)
            case "instrument": return p.pick(INSTRUMENTS)
            case "favourite drink" | "drink": return p.pick(DRINKS).replace("_", " ")
            case "favourite colour" | "colour": return p.pick(COLOURS)
            case "access code" | "code": return p.code()
            case "locker" | "amount": return p.number(10, 999)
            case "salary" | "money": return p.money()
            case "birthday" | "date": return p.date()
            case "password" | "phrase": return p.phrase()
        raise KeyError(attribute)

    def _thing(self) -> tuple[str, str, Entity, dict[str, str]]:
        """(name, role, the person in that role, attributes)."""
        while True:
            kind = self.rng.choice(list(THINGS))
            name = f"{kind} {self.pools.pick(ADJECTIVES).title()} {self.pools.pick(NOUNS).title()}"
            if name not in self.used:
                break
        self.used.add(name)
        role, attributes = THINGS[kind]
        chosen = self.rng.sample(list(attributes), self.rng.randint(0, 3))
        return name, role, self.rng.choice(self.people), {a: self._fresh(attributes[a]) for a in chosen}

    # -- what the document says -------------------------------------------------------------------------------------

    def _sentences(self) -> list[str]:
        said: list[tuple[str, list[tuple[str, str]]]] = []
        if self.plain:
            return [f"{p.name}'s {a} is {v}." for p in self.people for a, v in p.values.items()]
        style = self.rng.random()
        for person in self.people:
            items = list(person.values.items())
            facts = [(person.name, a) for a in person.values]
            if style < 0.2:
                said.append((f"\n{person.name}: " + "; ".join(f"{a} {v}" for a, v in items) + ".", facts))
            elif style < 0.3:
                said.append((f"\nName: {person.name} | " + " | ".join(f"{a.capitalize()}: {v}" for a, v in items), facts))
            elif self.rng.random() < 0.4 and len(items) > 1:
                said.append((self._portrait(person, items), facts))
            else:
                said += [(self._statement(person.name, a, v), [(person.name, a)]) for a, v in items]
        for name, role, person, values in self.things:
            said.append((self.voice.say(ABOUT_ROLE, r=role, e=name, p=person.name), []))
            said += [(self.voice.say(GENERIC, n=name, a=a, v=v), []) for a, v in values.items()]
        self.rng.shuffle(said)
        self.place = {fact: i for i, (_, facts) in enumerate(said) for fact in facts}
        return [text for text, _ in said]

    def _statement(self, name: str, attribute: str, value: str) -> str:
        options = GENERIC if self.rng.random() < 0.5 else PERSON[attribute][0]
        return self.voice.say(options, n=name, a=attribute, v=value)

    def _portrait(self, person: Entity, items: list[tuple[str, str]]) -> str:
        """All of a person's facts in a row; after the first the person is "he" or "she"."""
        subject = "She" if person.possessive == "her" else "He"
        text = self._statement(person.name, *items[0])
        for attribute, value in items[1:]:
            if self.rng.random() < 0.5:
                text += f" {person.possessive.capitalize()} {attribute} is {value}."
            else:
                text += " " + self.voice.say(PERSON[attribute][0], n=subject, v=value)
        return text

    # -- what can be asked ------------------------------------------------------------------------------------------

    def _question(self, name: str, attribute: str) -> str:
        if self.plain:
            return f"What is {name}'s {attribute}?"
        special = PERSON.get(attribute, ("", ""))[1]
        return self.voice.ask(special if special and self.rng.random() < 0.35 else QUESTIONS, n=name, a=attribute)

    def one_fact(self) -> list[Turn]:
        person, attribute = self.rng.choice(self.pairs)
        return [Turn("one-fact", self._question(person.name, attribute), person.values[attribute])]

    def thing(self) -> list[Turn] | None:
        name, role, person, values = self.rng.choice(self.things)
        if not values or self.rng.random() < 0.4:
            return [Turn("one-fact", self.voice.ask(ROLE, r=role, e=name), person.name)]
        attribute = self.rng.choice(list(values))
        return [Turn("one-fact", self.voice.ask(QUESTIONS, n=name, a=attribute), values[attribute])]

    def reverse(self) -> list[Turn] | None:
        options = [(key, names[0]) for key, names in self.holder.items() if len(names) == 1 and key[0] in UNIQUE]
        if not options:
            return None
        (attribute, value), name = self.rng.choice(options)
        return [Turn("reverse", self.voice.ask(HOLDERS, a=attribute, v=value), name)]

    def two_hop(self) -> list[Turn]:
        name, role, person, _ = self.rng.choice(self.things)
        attribute, value = self.rng.choice(list(person.values.items()))
        return [Turn("two-hop", self.voice.ask(TWO_HOPS, a=attribute, r=role, e=name),
                     f"The {role} of {name} is {person.name}, whose {attribute} is {value}.", [value])]

    def several(self) -> list[Turn] | None:
        chosen = list({(p.name, a): (p, a) for p, a in self.rng.choices(self.pairs, k=self.rng.randint(2, 5))}.values())
        if len(chosen) < 2:
            return None
        wanted = join([self.rng.choice(["{n}'s {a}", "the {a} of {n}"]).format(n=p.name, a=a) for p, a in chosen])
        return [Turn("several", self.voice.ask(SEVERAL, list=wanted),
                     "; ".join(f"{p.name}, {a}: {p.values[a]}" for p, a in chosen), [p.values[a] for p, a in chosen])]

    def count(self) -> list[Turn] | None:
        shared = [key for key, names in self.holder.items() if key[0] not in UNIQUE]
        several = [key for key in shared if len(self.holder[key]) > 1]
        if not shared:
            return None
        key = self.rng.choice(several if several and self.rng.random() < 0.8 else shared)
        names = sorted(self.holder[key], key=lambda name: self.place[name, key[0]])
        return [Turn("count", self.voice.ask(SHARED, a=key[0], v=key[1]), f"{join(names)}. That makes {len(names)}.", names)]

    def json_record(self) -> list[Turn]:
        person = self.rng.choice(self.people)
        keys = self.rng.sample(list(person.values), self.rng.randint(1, len(person.values)))
        record = {k: person.values[k] for k in keys}
        if self.rng.random() < 0.5:
            record = {"name": person.name} | record
        return [Turn("json-record", self.voice.ask(RECORD, n=person.name, keys=join([f'"{k}"' for k in record])),
                     json.dumps(record, ensure_ascii=False), list(record.values()))]

    def absent(self) -> list[Turn]:
        """A person's attribute that is not given, or a person who is not there but has a neighbour's name."""
        person = self.rng.choice(self.people)
        missing = [a for a in PERSON if a not in person.values]
        if missing and self.rng.random() < 0.5:
            return [Turn("absent", self._question(person.name, self.rng.choice(missing)), ABSENT)]
        first, last = person.name.split(" ", 1)
        while f"{first} {last}" in self.used:
            first = self.pools.first_name()[0] if self.rng.random() < 0.6 else first
            last = self.pools.pick(LAST_NAMES) if self.rng.random() < 0.6 else last
        attribute = self.rng.choice(list(person.values))
        return [Turn("absent", self._question(f"{first} {last}", attribute), ABSENT)]

    def follow_up(self) -> list[Turn] | None:
        person, attribute = self.rng.choice(self.pairs)
        turns = [Turn("one-fact", self._question(person.name, attribute), person.values[attribute])]
        for _ in range(self.rng.randint(1, 3)):
            others = [p for p in self.people if p is not person and attribute in p.values]
            more = [a for a in person.values if a != attribute]
            if others and (not more or self.rng.random() < 0.4):
                person = self.rng.choice(others)
                turns.append(Turn("follow-up", self.voice.ask(SAME_FOR, n=person.name), person.values[attribute]))
            elif more:
                attribute = self.rng.choice(more)
                turns.append(Turn("follow-up", self.voice.ask(ALSO, p=person.possessive, a=attribute), person.values[attribute]))
        return turns if len(turns) > 1 else None
