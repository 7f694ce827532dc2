"""Needles in a haystack after the RULER families, variable tracking, common words, and quotations."""

from collections import Counter

from asking import ABSENT, Section, Turn, Voice, join
from pools import ADJECTIVES, DRINKS, LAST_NAMES, NOUNS, PLACES

MAGIC = ("the special magic number for {k} is: {v}.|one of the special magic numbers for {k} is: {v}.")
ASK_MAGIC = ("what is the special magic number for {k} mentioned in the provided text?|what is the special magic number for {k}?|"
             "which special magic number belongs to {k}?|give the magic number for {k}.|find the special magic number for {k}.")
ASK_MANY = ("what are all the special magic numbers for {k} mentioned in the provided text?|"
            "what are all the special magic numbers for {k}?|list every special magic number for {k}.|"
            "give all magic numbers for {k}.|which special magic numbers are there for {k}?")
PLAIN = (  # (statement, question, what is hidden)
    ("the secret word of {k} is {v}.", "what is the secret word of {k}?|which word is the secret word of {k}?|"
     "tell me the secret word of {k}.|what secret word does {k} have?", "word"),
    ("{k} keeps the key under the {v}.", "where does {k} keep the key?|under what does {k} keep the key?|"
     "what lies above the key of {k}?|where is {k}'s key?", "word"),
    ("the best thing to do in {k} is to order the {v}.", "what is the best thing to do in {k}?|what should one order in {k}?|"
     "what ought one to do in {k}?|what is recommended in {k}?", "drink"),
    ("the pass phrase for {k} is {v}.", "what is the pass phrase for {k}?|which phrase opens {k}?|give the pass phrase for {k}.|"
     "what must I say to enter {k}?", "phrase"),
    ("the treasure of {k} is buried in {v}.", "where is the treasure of {k} buried?|in what place does the treasure of {k} lie?|"
     "where should one dig for the treasure of {k}?|which place hides the treasure of {k}?", "place"),
    ("the telephone number of {k} is {v}.", "what is the telephone number of {k}?|which number do I call for {k}?|"
     "how can I telephone {k}?|on what number is {k}?", "number"),
)


class Needles:
    """Magic numbers (one or several a key) and plain secrets, to be hidden in any haystack."""

    def __init__(self, voice: Voice, count: int):
        self.voice, self.rng, self.pools = voice, voice.rng, voice.pools
        p = self.pools
        make_key = self.rng.choice([p.phrase, lambda: p.pick(ADJECTIVES) + " " + p.pick(NOUNS), lambda: p.pick(PLACES),
                                    lambda: p.pick(NOUNS), p.code])
        digits = self.rng.choice([4, 5, 6, 7, 7, 7])
        self.make_key, self.magic, self.plain = make_key, {}, {}
        magic = self.rng.randint(1, count)
        for _ in range(magic):
            amount = self.rng.choice([1, 1, 1, 2, 3, 4])
            self.magic[make_key()] = [p.number(10 ** (digits - 1), 10 ** digits - 1) for _ in range(amount)]
        for _ in range(count - magic):
            statement, question, hidden = self.rng.choice(PLAIN)
            owner = self._owner()
            self.plain[question, owner] = (statement, hidden, self._secret(hidden))

    def _owner(self) -> str:
        if self.rng.random() < 0.5:
            return f"{self.pools.first_name()[0]} {self.pools.pick(LAST_NAMES)}"
        return self.pools.pick(PLACES)

    def _secret(self, hidden: str) -> str:
        p = self.pools
        return {"word": lambda: p.pick(NOUNS), "drink": lambda: p.pick(DRINKS).replace("_", " "), "phrase": p.phrase,
                "place": lambda: p.pick(PLACES), "number": lambda: p.number(10000, 9999999)}[hidden]()

    def section(self) -> Section:
        said = [self.voice.say(MAGIC, k=k, v=v) for k, values in self.magic.items() for v in values]
        self.rng.shuffle(said)
        for values in self.magic.values():
            if len(values) > 1:
                values.sort(key=lambda v: next(i for i, s in enumerate(said) if s.endswith(f" {v}.")))
        said += [self.voice.say(s, k=k, v=v) for (_, k), (s, _, v) in self.plain.items()]
        askers = {"needle": self.one, "needle-multi-value": self.all_values, "needle-multi-query": self.many_keys,
                  "absent": self.absent, "quote": self.quote_needle}
        if self.plain:
            askers["needle-plain"] = self.secret
        self.said = said
        return Section(list(said), askers)

    def one(self) -> list[Turn] | None:
        single = [k for k, v in self.magic.items() if len(v) == 1]
        if not single:
            return None
        key = self.rng.choice(single)
        return [Turn("needle", self.voice.ask(ASK_MAGIC, k=key), self.magic[key][0])]

    def secret(self) -> list[Turn]:
        (question, owner), (_, _, value) = self.rng.choice(list(self.plain.items()))
        return [Turn("needle", self.voice.ask(question, k=owner), value)]

    def all_values(self) -> list[Turn] | None:
        several = [k for k, v in self.magic.items() if len(v) > 1]
        if not several:
            return None
        key = self.rng.choice(several)
        return [Turn("needle-multi-value", self.voice.ask(ASK_MANY, k=key), join(self.magic[key]) + ".", list(self.magic[key]))]

    def many_keys(self) -> list[Turn] | None:
        single = [k for k, v in self.magic.items() if len(v) == 1]
        if len(single) < 2:
            return None
        keys = self.rng.sample(single, min(len(single), self.rng.randint(2, 4)))
        values = [self.magic[k][0] for k in keys]
        return [Turn("needle-multi-query", self.voice.ask(ASK_MANY, k=join(keys)),
                     "; ".join(f"{k}: {v}" for k, v in zip(keys, values)), values)]

    def absent(self) -> list[Turn]:
        if self.plain and self.rng.random() < 0.5:
            question, owner = self.rng.choice(list(self.plain))[0], self._owner()
            if (question, owner) in self.plain:
                return None
            return [Turn("absent", self.voice.ask(question, k=owner), ABSENT)]
        key = next(k for k in iter(self.make_key, None) if k not in self.magic)
        return [Turn("absent", self.voice.ask(ASK_MAGIC, k=key), ABSENT)]

    def quote_needle(self) -> list[Turn] | None:
        if not self.plain:
            return None
        i = self.rng.randrange(len(self.plain))
        owner, sentence = list(self.plain)[i][1], self.said[len(self.said) - len(self.plain) + i]
        if sum(owner in s for s in self.said) > 1:
            return None
        return [Turn("quote", self.voice.ask("quote the sentence that mentions {k}.|which sentence speaks of {k}? Quote it.|"
                                             "give the exact sentence about {k}.|copy out the sentence in which {k} is named.",
                                             k=owner), f'"{sentence}"', [sentence])]


class Variables:
    """VAR chains: several names for one value, among chains for other values."""

    def __init__(self, voice: Voice, chains: int, hops: int):
        self.voice, self.rng = voice, voice.rng
        names: set[str] = set()
        while len(names) < chains * (hops + 1):
            names.add(voice.pools.letters(voice.rng.choice([3, 4, 5])))
        names = list(names)
        self.chains = {}
        for i in range(chains):
            self.chains[voice.pools.number(10000, 99999)] = names[i * (hops + 1):(i + 1) * (hops + 1)]

    def section(self) -> Section:
        lines = []
        for value, names in self.chains.items():
            steps = [f"VAR {names[0]} = {value}."] + [f"VAR {b} = VAR {a}." for a, b in zip(names, names[1:])]
            lines += list(zip(sorted(self.rng.random() for _ in steps), steps))
        return Section([text for _, text in sorted(lines)], {"variables": self.track, "variable-value": self.value})

    def track(self) -> list[Turn]:
        value, names = self.rng.choice(list(self.chains.items()))
        return [Turn("variables", self.voice.ask("find all variables that are assigned the value {v} in the text above.|"
                                                 "which variables have the value {v}?|list all variables with the value {v}.|"
                                                 "what variables are equal to {v}?", v=value), ", ".join(names) + ".", list(names))]

    def value(self) -> list[Turn]:
        value, names = self.rng.choice(list(self.chains.items()))
        return [Turn("key-value", self.voice.ask("to what number was VAR {n} set?|what number is assigned to VAR {n}?|"
                                                 "give the number of VAR {n}.|which number was VAR {n} given?", n=names[0]), value)]


class CommonWords:
    """A numbered list of words of which a few come far more often than the rest."""

    def __init__(self, voice: Voice, count: int):
        self.voice = voice
        rng = voice.rng
        chosen = list({voice.pools.pick(rng.choice([NOUNS, ADJECTIVES])): None for _ in range(max(8, count // 6))})
        common, rare = chosen[:3], chosen[3:]
        listed = [w for w in common for _ in range(max(3, count // 8))]
        listed += [rng.choice(rare) for _ in range(count - len(listed))]
        rng.shuffle(listed)
        self.listed = listed
        self.common = sorted((w for w, _ in Counter(listed).most_common(3)), key=listed.index)

    def section(self) -> Section:
        return Section([f"{i + 1}. {w}" for i, w in enumerate(self.listed)], {"common-words": self.most}, together=True)

    def most(self) -> list[Turn]:
        return [Turn("common-words", self.voice.ask("what are the 3 most common words in the above list?|"
                                                    "which 3 words are the most common in the list?|name the 3 most frequent words.|"
                                                    "which three words come most often?"), join(self.common) + ".", list(self.common))]


class Quotations:
    """Verbatim sentences of the haystack, asked for by their first words."""

    def __init__(self, voice: Voice, sentences: list[str]):
        self.voice = voice
        self.openings = {}
        for sentence in sentences:
            words = sentence.split(" ")
            if 7 <= len(words) <= 40:
                self.openings.setdefault(" ".join(words[:voice.rng.randint(3, 5)]), []).append(sentence)

    def section(self) -> Section:
        self.single = [(o, s[0]) for o, s in self.openings.items() if len(s) == 1]
        return Section([], {"quote": self.quote} if self.single else {})

    def quote(self) -> list[Turn]:
        opening, sentence = self.voice.rng.choice(self.single)
        return [Turn("quote", self.voice.ask('quote the sentence that begins with "{o}".|give the whole sentence that starts "{o}".|'
                                             'how does the sentence "{o} ..." go on? Quote all of it.|'
                                             'copy the sentence beginning "{o}".', o=opening), f'"{sentence}"', [sentence])]
