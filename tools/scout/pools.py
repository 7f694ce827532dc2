"""Closed and composed pools of names and values, divided into a training and a held-out part.

A string belongs to the held-out part when its checksum says so, so both parts are fixed for ever
and nothing that is asked about in the held-out split was ever seen as a name or value in training.
"""

import random
import re
from functools import lru_cache
from zlib import crc32

from prose import book_sentences, generated_sentence

HELD_OUT_SHARE = 6


def is_held_out(text: str) -> bool:
    """Whether a name or value is reserved for evaluation (one in HELD_OUT_SHARE)."""
    return crc32(text.encode()) % HELD_OUT_SHARE == 0


def split(words):
    """Both parts of a pool: {"train": [...], "heldout": [...]}."""
    words = sorted(set(words))
    return {"train": [w for w in words if not is_held_out(w)], "heldout": [w for w in words if is_held_out(w)]}


@lru_cache(maxsize=None)
def book_words() -> list[str]:
    """Every lower-case word of the training books, or of generated prose where these are missing."""
    sentences = book_sentences("train") or tuple(generated_sentence(random.Random(n)) for n in range(2000))
    return sorted({w for s in sentences for w in re.findall(r"\b[a-z]{3,12}\b", s)})


def compose(heads: str, tails: str) -> list[str]:
    return [h + t for h in heads.split() for t in tails.split()]


HER = """Ada Agnes Alice Alma Amelia Anna Astrid Audrey Beatrice Bella Bertha Birgit Brenda Camille Carmen Cecily Celia
Clara Clementine Constance Cora Dagmar Daphne Delia Dinah Dora Edith Elena Elise Eliza Ella Elsa Emma Esther Eva Fanny
Fatima Flora Frances Freya Gerda Gisela Grace Greta Gudrun Hanna Harriet Hazel Helen Henrietta Hilda Ida Imani Ines Inga
Irene Iris Isabel Ivy Jane Joan Johanna Josephine Judith Julia Karin Kate Klara Laila Laura Lavinia Leila Leonora Lily
Linnea Louisa Lucy Lydia Mabel Magda Maren Margaret Maria Marguerite Marianne Marta Mary Matilda Maud Mei Mina Miriam
Molly Nadia Nancy Naomi Nell Nina Nora Octavia Olga Olive Paula Pauline Petra Phoebe Priya Rachel Rosa Rosalind Rose Ruth
Sabine Sara Selma Signe Silvia Sofia Sonja Stella Susan Sybil Tamsin Tessa Thea Theodora Ursula Vera Verity Viola Wanda
Wilma Winifred Yasmin Yvonne Zelda Zora""".split()
HIS = """Aaron Abel Adam Albert Alfred Ambrose Amos Andrew Anton Archie Arthur Axel Barnaby Basil Benedict Benjamin
Bernard Boris Bruno Caleb Carl Caspar Cedric Charles Clement Conrad Cyril Daniel David Dmitri Duncan Edgar Edmund Edward
Eli Elias Emil Enoch Ernest Eugene Felix Ferdinand Finn Francis Frank Frederick Gabriel George Gerald Gideon Gilbert
Godfrey Gregory Gunnar Gustav Hamid Harald Harold Hassan Hector Henry Herbert Horace Hugh Hugo Humphrey Ian Igor Isaac
Ivan Ivor Jacob James Jasper Jeremy Joachim John Jonas Joseph Julian Karl Kenji Klaus Lars Laurence Leo Leonard Lewis
Lionel Lorenz Luke Magnus Malcolm Marcus Mark Martin Matthew Maurice Max Michael Miles Mortimer Nathan Nicholas Nigel
Noah Oliver Omar Oscar Oswald Otto Owen Patrick Paul Percy Peter Philip Quentin Ralph Raymond Reuben Richard Robert Roger
Roland Rufus Rupert Samuel Saul Sebastian Silas Simon Stefan Stephen Sven Theodore Thomas Tobias Tom Ulrich Victor
Vincent Walter Wilfred William Winston Xavier Yusuf Zachary""".split()

FIRST_NAMES = {part: [(n, "her") for n in split(HER)[part]] + [(n, "his") for n in split(HIS)[part]]
               for part in ("train", "heldout")}
LAST_NAMES = split(compose(
    """Ash Ald Bar Beck Bell Birch Black Brad Bram Broad Brook Burn Cal Cart Chad Clay Col Cran Cross Dal Dray Dun East
    Elder Fair Far Fen Finch Fle Gar Glen Grim Hal Ham Hart Hather Hay Hazel Heath Hol Horn Kel Kings Lang Lark Lin Lock
    Mal Mar May Mel Mill Mor Nor North Oak Old Pem Pen Quill Rad Ravens Red Rock Row Rush Sand Sel Shel Stan Stone Sut
    Thorn Thur Til Under Ver Wake Wal War West Whit Wil Win Wood Wyn Yard""",
    "bury by combe cott den dale field ford gate grave ham hurst ley low man ridge sey shaw stead stone ton wall ward "
    "water well wick wood worth") + """Abara Adeyemi Almeida Bakker Banerjee Bergström Castillo Chen Costa Dubois Eriksen
    Fischer Fontaine Garcia Haddad Hansen Hoffmann Ibarra Ivanov Jansen Kapoor Keller Kimura Kowalski Kruger Lindqvist
    Lopez Marchetti Mbeki Mendoza Moreau Nakamura Novak Okafor Olsen Pereira Petrov Quispe Ramirez Rossi Sato Schmidt
    Silva Sorensen Tanaka Thorvald Varga Vasquez Weber Yamada Zeller Zhang""".split())
PLACES = split(compose(
    """Alder Amber Apple Barrow Bear Bent Brack Bran Bride Burr Carn Cold Copper Crow Deep Dove Drift Dun Eagle Ebb Elm
    Ever Fallow Fern Flint Fox Frost Gull Haw Hen Herring High Hollow Ice Iron Kirk Lamb Lantern Loch Long Low Mist Moss
    Nettle Otter Owl Pear Pine Plum Rain Raven Reed Salt Shell Silver Skar Sorrel Spring Starl Stork Summer Swan Tar
    Thistle Trout Wind Winter Wolf Wren""",
    "beck borough bourne bridge cliff cross dale fell firth ford gate grove haven heath hithe holm hope keld land mere "
    "minster moor mouth ness pool port quay rigg sound stow thorpe thwaite vale wick"))
ADJECTIVES = split("""amber ancient azure bitter blue bold bright brisk broken bronze calm candid cobalt copper coral
crimson crooked curious daring distant double dusty early eager emerald faithful fallen fearless final first gentle gilded
golden grand granite grey happy hidden hollow humble idle indigo ivory jade jolly keen late lonely lucky marble merry
mighty misty modest noble northern olive opal patient plain polished proud quick quiet radiant rapid rising royal ruby
rusty sable scarlet secret serene sharp silent silver simple singing sleepy slow snowy solar solemn southern steady stern
sturdy subtle sudden sunny swift tall tender tidy timid tranquil upper velvet violet wandering weary western white wild
winter wise wooden yellow young zealous""".split())
NOUNS = split("""acorn albatross anchor anvil apron arrow badger barrel basket beacon bell bishop boot bottle bramble bridge
broom bucket buckle button cabin candle canoe castle chimney cider clock clover cobbler comet compass cradle crane cricket
crown cuckoo curlew dagger daisy dolphin donkey drum eagle ember falcon feather fiddle finch fisher flagon flute forge
fountain garden gate glacier goblet goose gull hammer harbour harp hawk heron hedgehog helmet herald hermit hornet island
jackdaw jasmine kettle kite ladder lantern lark laurel ledger lemon lily linnet lobster loom magpie maple marigold marlin
marten meadow mermaid miller mirror mitten mulberry mustard needle nettle oak orchard osprey otter owl oyster paddle
parrot peacock pearl pebble pelican pepper petrel pigeon pillar pilgrim plough plover poppy puffin quarry quill rabbit
raven reed ribbon river robin rocket saddle saffron sailor salmon sapling scarf shepherd shovel sparrow spindle squirrel
stable starling stork swallow tailor teapot temple thimble thistle thrush timber tower trumpet tulip turnip turret valley
viper wagon walnut walrus weaver whistle willow window wizard wren yarrow""".split())
JOBS = split("""actuary almoner apothecary archivist astronomer baker barber beekeeper binder blacksmith botanist brewer
bricklayer bursar butcher carpenter cartographer chandler chemist clerk clockmaker cobbler conductor cook cooper courier
curator cutler dentist draper dyer engineer engraver farrier ferryman fiddler fishmonger gardener geologist glazier glover
goldsmith grocer hatter joiner judge laundress lawyer librarian locksmith mason mechanic merchant midwife miller miner
notary nurse optician organist painter pharmacist physician pilot plumber porter potter printer ranger registrar saddler
sculptor shipwright solicitor steward surgeon surveyor tailor tanner teacher translator treasurer upholsterer vintner
watchmaker weaver wheelwright""".split())
DRINKS = split("""absinthe ale barley-water black-tea blackcurrant-juice brandy buttermilk camomile-tea cherry-brandy
chocolate cider claret cocoa coffee cordial cranberry-juice elderflower-wine espresso gin ginger-beer grape-juice
green-tea hot-milk jasmine-tea lemonade lime-water madeira mead mint-tea mulled-wine oat-milk orange-juice pear-juice
peppermint-tea perry plum-brandy pomegranate-juice porter port rice-wine rosehip-tea rum sherry soda-water spruce-beer
stout tomato-juice tonic-water vermouth whey whisky""".replace("-", "_").split())
INSTRUMENTS = split("""accordion bagpipes banjo bassoon bugle castanets cello clarinet concertina cornet cymbals dulcimer
fife fiddle flute glockenspiel guitar harmonica harp harpsichord horn hurdy-gurdy lute lyre mandolin marimba oboe ocarina
organ piano piccolo psaltery recorder saxophone sitar spinet tambourine theremin timpani triangle trombone trumpet tuba
ukulele vibraphone viol viola violin xylophone zither""".split())
COLOURS = split("""amber apricot aquamarine azure beige black blue bronze brown burgundy cerulean charcoal cherry chestnut
cobalt copper coral cream crimson cyan ebony emerald fawn fuchsia gold green grey indigo ivory jade khaki lavender lemon
lilac lime magenta maroon mauve mustard navy ochre olive orange peach pink plum purple red russet rust saffron salmon
sapphire scarlet sepia silver tan teal turquoise umber vermilion violet white yellow""".split())
GOODS = split("""almonds anvils apples axes barley baskets beans bells blankets boots bottles bricks brooms buckets butter
buttons cables candles canvas carpets chairs cheese chisels cinnamon clocks cloth coal cocoa combs copper cork cotton
crates cups dates drums dyes feathers figs flax flour fruit fur ginger glass gloves glue grain grapes hammers hats hay
helmets herbs hides honey hops indigo ink iron jars kettles knives lace ladders lamps lanterns lead leather lemons lenses
linen locks maps marble matches mats melons mirrors nails needles nets nutmeg oars oats oil onions oranges paint paper
pearls pepper pins pipes planks plates ploughs porcelain pots pumps quills raisins razors rice ropes rugs rum rye sacks
saddles salt saws screws seeds shawls shoes shovels silk slates soap spades spoons stoves straw sugar sulphur tar tea
thread tiles tin tobacco tools twine varnish vinegar walnuts watches wax wheat wheels wine wire wool yarn zinc""".split())
MONTHS = ("January February March April May June July August September October November December").split()
UNITS = "crowns pounds florins shillings marks guilders ducats".split()


ONSETS = ("b bl br c ch cl cr d dr f fl fr g gl gr h j k kh kl kn kr l m n p ph pl pr qu r s sc sh sk sl sm sn sp st str sw t th "
          "tr ts v w wh y z zh").split() + [""]
NUCLEI = "a e i o u y ai au ea ee ei ia ie io oa oo ou ue ae ö é á".split()
CODAS = "b ck d ff g l ld ll lm lt m mp n nd ng nk nt p r rd rk rm rn rt s sh sk ss st t th tt v x z".split() + [""] * 14


class Pools:
    """Draws names and values that belong to one part of the split ("train" or "heldout").

    In training a share of all words is invented, so that the network learns to copy what it reads and not to
    recognise it; the share differs between documents.
    """

    def __init__(self, rng: random.Random, part: str, invented: float | None = None):
        self.rng, self.part = rng, part
        self.invented = rng.choice([0.0, 0.4, 0.8, 1.0]) if invented is None else invented
        if part == "heldout":
            self.invented = 0.0

    def pick(self, pool) -> str:
        word = self.rng.choice(pool[self.part])
        return self.invent(word, pool["train"]) if self.rng.random() < self.invented else word

    def first_name(self) -> tuple[str, str]:
        """A first name with "her" or "his"."""
        name, possessive = self.rng.choice(FIRST_NAMES[self.part])
        if self.rng.random() < self.invented:
            name = self.invent(name, [n for n, _ in FIRST_NAMES["train"]])
        return name, possessive

    def invent(self, like: str, pool: list[str]) -> str:
        """A word that is in no pool, written like `like`: syllables, pieces, two halves, a changed letter or a word of a book."""
        rng = self.rng
        while True:
            way = rng.random()
            if way < 0.25:
                word = "".join(rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS) for _ in range(rng.randint(1, 3)))
            elif way < 0.45:
                word = "".join(self._piece() for _ in range(rng.randint(1, 4)))
            elif way < 0.65:
                other = rng.choice(pool)
                word = like[:rng.randint(2, 5)] + other[rng.randint(1, max(1, len(other) - 3)):]
            elif way < 0.8:
                at = rng.randrange(len(like))
                word = like[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + like[at + rng.randint(0, 1):]
            else:
                word = rng.choice(book_words())
            word = word.lower().strip("-_ ")
            word = word.capitalize() if like[0].isupper() else word
            if len(word) > 2 and not is_held_out(word):
                return word

    def _piece(self) -> str:
        """Two to five letters out of a book's word: so a word may begin with any token and go on with any."""
        word = self.rng.choice(book_words())
        at = self.rng.randrange(len(word) - 1)
        return word[at:at + self.rng.randint(2, 5)]

    def number(self, low: int, high: int) -> str:
        """A number of the right part of the split; short ranges are too small to be divided."""
        while True:
            text = str(self.rng.randint(low, high))
            if high - low < 60 or is_held_out(text) == (self.part == "heldout"):
                return text

    def date(self) -> str:
        return f"{self.rng.randint(1, 28)} {self.rng.choice(MONTHS)}"

    def letters(self, count: int) -> str:
        return "".join(self.rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=count))

    def code(self) -> str:
        """A reference such as KX-4471, R7-203 or 88-GT."""
        shape = self.rng.randrange(4)
        if shape == 0:
            return f"{self.letters(2)}-{self.number(1000, 9999)}"
        if shape == 1:
            return f"{self.letters(1)}{self.rng.randint(1, 9)}-{self.number(100, 999)}"
        if shape == 2:
            return f"{self.letters(3)}-{self.number(100, 999)}"
        return f"{self.number(10000, 99999)}-{self.letters(1)}"

    def phrase(self) -> str:
        """Two words that nothing else in a document is likely to be called, e.g. amber-kettle."""
        return f"{self.pick(ADJECTIVES)}-{self.pick(NOUNS)}"

    def money(self) -> str:
        amount = int(self.number(12, 9800))
        return f"{amount:,} {self.rng.choice(UNITS)}"
