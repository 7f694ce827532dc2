"""Records of a kind (shipments, loans, repairs …) and key–value lists: look-ups and JSON, up to every record at once."""

import json

from asking import ABSENT, Section, Turn, Voice, join
from pools import COLOURS, GOODS, JOBS, LAST_NAMES, PLACES, Pools

# kind: (plural, sentence, field kinds); every record is known by its code {id}
KINDS = {
    "shipment": ("shipments", "shipment {id} brought {quantity} crates of {goods} to {port}.",
                 {"goods": "goods", "quantity": "amount", "port": "place"}),
    "loan": ("loans", "loan {id}: {borrower} took out {sum}, to be paid back by {due}.",
             {"borrower": "person", "sum": "money", "due": "date"}),
    "repair": ("repairs", "repair {id} in {place} was done on {date} and cost {cost}.",
               {"place": "place", "date": "date", "cost": "money"}),
    "complaint": ("complaints", "complaint {id} came from {sender} on {date} and concerned the {subject}.",
                  {"sender": "person", "date": "date", "subject": "goods"}),
    "booking": ("bookings", "booking {id} is for {guest}, room {room}, from {arrival}.",
                {"guest": "person", "room": "amount", "arrival": "date"}),
    "lot": ("lots", "lot {id}, {goods} painted {colour}, was sold for {price}.",
            {"goods": "goods", "colour": "colour", "price": "money"}),
    "permit": ("permits", "permit {id} was issued to {holder}, a {trade} of {town}.",
               {"holder": "person", "trade": "job", "town": "place"}),
    "delivery": ("deliveries", "delivery {id} left {origin} on {date} with {quantity} sacks.",
                 {"origin": "place", "date": "date", "quantity": "amount"}),
}
FIELD = ("what's the {f} of {k} {id}?|give me the {f} of {k} {id}.|{f} of {k} {id}?|can you tell me the {f} of {k} {id}?|what is the {f} of {k} {id}?|{k} {id}: what is the {f}?|which {f} does {k} {id} have?|find the {f} of {k} {id}.|"
         "tell me the {f} for {k} {id}.|look up {k} {id} and give its {f}.|what {f} is recorded for {k} {id}?")
ONE_JSON = ("give {k} {id} as JSON with the keys {keys}.|write {k} {id} as a JSON object with the keys {keys}.|"
            "JSON for {k} {id}: {keys}.|return {k} {id} as JSON with {keys}.|turn {k} {id} into JSON with the keys {keys}.")
ALL_JSON = ("all {ks} as JSON, keys {keys}.|give me a JSON array of all {ks} with {keys}.|list all {ks} as JSON with the keys {keys}.|give every {k} as a JSON array of objects with the keys {keys}.|"
            "write all {ks} as JSON with {keys}.|extract all {ks} as a JSON array with the keys {keys}.|"
            "put every {k} into one JSON array with the keys {keys}.")
SOME = ("which {ks} have the {f} {v}? List them and count them.|list the {ks} with the {f} {v} and count them.|"
        "name all {ks} whose {f} is {v}, with the number.|how many {ks} have the {f} {v}, and which?|"
        "find and count the {ks} with the {f} {v}.")
IDS = ("list the codes of all {ks} and count them.|which {ks} are there? Give the codes and the number.|"
       "name every {k} by its code and count them.|how many {ks} are there, and what are their codes?|"
       "give me the code of each {k} and the number of {ks}.")
KEYED = ("value of {k}?|give me the value for {k}.|what's the value of {k}?|what does {k} have as its value?|{k}|tell me {k}.|what is the value of {k}?|look up {k}.|key {k}?|which value belongs to {k}?|what does {k} stand for?|"
         "find the value for key {k}.|give me the entry {k}.|what is stored under {k}?|which entry is kept at {k}?")


def field_value(pools: Pools, kind: str) -> str:
    match kind:
        case "goods": return pools.pick(GOODS)
        case "amount": return pools.number(10, 999)
        case "place": return pools.pick(PLACES)
        case "person": return f"{pools.first_name()[0]} {pools.pick(LAST_NAMES)}"
        case "money": return pools.money()
        case "date": return pools.date()
        case "colour": return pools.pick(COLOURS)
        case "job": return pools.pick(JOBS)
    raise KeyError(kind)


class Records:
    """Records of one kind, all written in the same way."""

    def __init__(self, voice: Voice, kind: str, count: int):
        self.voice, self.rng, self.kind = voice, voice.rng, kind
        self.plural, self.sentence, self.kinds = KINDS[kind]
        ids = {voice.pools.code(): None for _ in range(count)}
        repeated = {f: field_value(voice.pools, k) for f, k in self.kinds.items()}
        self.records = []
        for code in ids:
            record = {f: repeated[f] if self.rng.random() < 0.15 else field_value(voice.pools, k)
                      for f, k in self.kinds.items()}
            self.records.append({"id": code} | record)

    def section(self) -> Section:
        style = self.rng.randrange(3)
        sentences = [self._written(r, style) for r in self.records]
        askers = {"record-field": self.one_field, "json-record": self.one_json, "absent": self.absent,
                  "count": self.some, "count-ids": self.ids}
        if len(self.records) >= 3:
            askers["json-all"] = self.all_json
        return Section(sentences, askers, together=self.rng.random() < 0.4, heading=f"Register of {self.plural}")

    def _written(self, record: dict[str, str], style: int) -> str:
        if style == 0:
            return self.voice.say(self.sentence, **record)
        fields = [(f, v) for f, v in record.items() if f != "id"]
        if style == 1:
            return f"\n{self.kind.capitalize()} {record['id']} | " + " | ".join(f"{f}: {v}" for f, v in fields)
        return f"\n- {self.kind} {record['id']}: " + ", ".join(f"{f} {v}" for f, v in fields) + "."

    def _keys(self) -> list[str]:
        """Some fields in a random order, the code first."""
        return ["id", *self.rng.sample(list(self.kinds), self.rng.randint(1, len(self.kinds)))]

    def one_field(self) -> list[Turn]:
        record, wanted = self.rng.choice(self.records), self.rng.choice(list(self.kinds))
        return [Turn("one-fact", self.voice.ask(FIELD, f=wanted, k=self.kind, id=record["id"]), record[wanted])]

    def one_json(self) -> list[Turn]:
        found, keys = self.rng.choice(self.records), self._keys()
        record = {k: found[k] for k in keys}
        return [Turn("json-record", self.voice.ask(ONE_JSON, k=self.kind, id=found["id"], keys=join([f'"{k}"' for k in keys])),
                     json.dumps(record, ensure_ascii=False), list(record.values()))]

    def all_json(self) -> list[Turn]:
        keys = self._keys()
        rows = [{k: r[k] for k in keys} for r in self.records]
        return [Turn("json-all", self.voice.ask(ALL_JSON, k=self.kind, ks=self.plural, keys=join([f'"{k}"' for k in keys])),
                     json.dumps(rows, ensure_ascii=False), [v for row in rows for v in row.values()])]

    def some(self) -> list[Turn]:
        wanted = self.rng.choice(list(self.kinds))
        value = self.rng.choice(self.records)[wanted]
        ids = [r["id"] for r in self.records if r[wanted] == value]
        return [Turn("count", self.voice.ask(SOME, ks=self.plural, f=wanted, v=value),
                     f"{join(ids)}. That makes {len(ids)}.", ids)]

    def ids(self) -> list[Turn] | None:
        ids = [r["id"] for r in self.records]
        if len(ids) > 30:
            return None
        return [Turn("count", self.voice.ask(IDS, k=self.kind, ks=self.plural), f"{join(ids)}. That makes {len(ids)}.", ids)]

    def absent(self) -> list[Turn]:
        known = {r["id"] for r in self.records}
        code = next(c for c in iter(self.voice.pools.code, None) if c not in known)
        return [Turn("absent", self.voice.ask(FIELD, f=self.rng.choice(list(self.kinds)), k=self.kind, id=code), ABSENT)]


class Keys:
    """A list of keys with values, one a line."""

    def __init__(self, voice: Voice, count: int):
        self.voice, self.rng = voice, voice.rng
        p = voice.pools
        make_key = self.rng.choice([p.code, p.phrase, lambda: p.number(10000, 999999)])
        make_value = self.rng.choice([p.phrase, lambda: p.number(1000, 9999999), lambda: p.pick(PLACES), p.code])
        self.values = {make_key(): make_value() for _ in range(count)}
        self.keys = list(self.values)
        self.make_key = make_key

    def section(self) -> Section:
        form = self.rng.choice(["{k}: {v}", "{k} = {v}", "{k} -> {v}", '"{k}": "{v}",', "Key {k} has the value {v}."])
        return Section(["\n" + form.format(k=k, v=v) for k, v in self.values.items()],
                       {"key-value": self.one, "absent": self.absent, "several": self.several},
                       together=self.rng.random() < 0.7, heading=self.rng.choice(["Key list", "Code book", "Index", "Settings"]))

    def one(self) -> list[Turn]:
        key = self.rng.choice(self.keys)
        return [Turn("key-value", self.voice.ask(KEYED, k=key), self.values[key])]

    def several(self) -> list[Turn] | None:
        if len(self.keys) < 3:
            return None
        keys = self.rng.sample(self.keys, min(len(self.keys), self.rng.randint(2, 5)))
        return [Turn("several", self.voice.ask("what are the values of {ks}?|look up {ks}.|give me {ks}.|find {ks}.", ks=join(keys)),
                     "; ".join(f"{k}: {self.values[k]}" for k in keys), [self.values[k] for k in keys])]

    def absent(self) -> list[Turn]:
        key = next(k for k in iter(self.make_key, None) if k not in self.values)
        return [Turn("absent", self.voice.ask(KEYED, k=key), ABSENT)]
