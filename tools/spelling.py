"""How each language is spelt: its letters, and what keyboards and converters get wrong."""

import re
import unicodedata

NAMES_OF_LANGUAGES = "(हिन्दी, বাংলা, తెలుగు, தமிழ் …)"
"""Some languages by their own names, in the menu of each language."""
_LISTS = {"date.months"}
"""Read by the program: its signs are the same in all languages."""
_EVERYWHERE = " \n…•"
_LETTERS = {
    "hi": "ँंअआइईउऊएऐऑओऔकखगघचछजझञटठडढणतथदधनपफबभमयरलवशषसह़ािीुूृेैॉोौ्।",
    "bn": "ঁংঃঅআইঈউঊঋএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহ়ািীুূৃেৈোৌ্ৎ।",
    "as": "ঁংঃঅআইঈউঊঋএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযলশষসহ়ািীুূৃেৈোৌ্ৎৰৱ।",
    "mr": "ंःअआइईउऊएऐऑओऔकखगघचछजझञटठडढणतथदधनपफबभमयरऱलळवशषसहािीुूृॅेैॉोौ्ॲ",
    "gu": "ંઃઅઆઇઈઉઊઋઍએઐઑઓઔકખગઘચછજઝઞટઠડઢણતથદધનપફબભમયરલળવશષસહાિીુૂૃૅેૈૉોૌ્",
    "pa": "ਂਅਆਇਈਉਊਏਐਓਔਕਖਗਘਚਛਜਝਟਠਡਢਣਤਥਦਧਨਪਫਬਭਮਯਰਲਵਸਹ਼ਾਿੀੁੂੇੈੋੌ੍ੜੰੱ।",
    "or": "ଁଂଃଅଆଇଈଉଊଏଐଓକଖଗଘଙଚଛଜଝଞଟଠଡଢଣତଥଦଧନପଫବଭମଯରଲଳଶଷସହ଼ାିୀୁୂୃେୈୋୌ୍ୟୱ।",
    "ta": "அஆஇஈஉஊஎஏஐஒஓகஙசஜஞடணதநனபமயரறலளழவஷஸஹாிீுூெேைொோௌ்ஃ",
    "te": "ంఅఆఇఈఉఊఎఏఐఒఓఔకఖగఘచఛజఝఞటఠడఢణతథదధనపఫబభమయరఱలళవశషసహాిీుూృెేైొోౌ్\u200c",
    "kn": "ಂಃಅಆಇಈಉಊಋಎಏಐಒಓಔಕಖಗಘಚಛಜಝಞಟಠಡಢಣತಥದಧನಪಫಬಭಮಯರಲಳವಶಷಸಹಾಿೀುೂೃೆೇೈೊೋೌ್\u200c",
    "ml": "ംഅആഇഈഉഊഋഎഏഐഒഓഔകഖഗഘങചഛജഝഞടഠഡഢണതഥദധനപഫബഭമയരറലളഴവശഷസഹാിീുൂൃെേൈൊോ്ൗൺൻർൽൾൿ\u200c",
    "ur": "آؤئابتثجحخدذرزسشصضطظعغفقلمنوًِّٹپچڈڑژکگںھہیےۂءـ۔،؛؟٪\u200e\u200f".replace("ـ", ""),
}
"""The letters, signs and marks of each language: what is missing here belongs to another one, or to an old keyboard."""

_DANDA = ("[^\\s.0-9]\\d*\\.(?:\\s|$)", "a full stop where a danda belongs")
_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "hi": (_DANDA, ("(?<![कखगजडढफ])़", "a nukta below a letter that has none")),
    "bn": (_DANDA, ("(?<![ডঢয])়", "a nukta below a letter that has none"), ("ব়", "an old র")),
    "as": (_DANDA, ("(?<![ডঢয])়", "a nukta below a letter that has none")),
    "or": (_DANDA, ("(?<![ଡଢ])଼", "a nukta below a letter that has none")),
    "pa": (
        _DANDA,
        ("(?<![ਸਖਗਜਫਲ])਼", "a nukta below a letter that has none"),
        ("[ਾੀੇੈੋੌ]ੰ", "a tippi where a bindi belongs"),
        ("[ਿੁ]ਂ(?!\\W|$)", "a bindi where a tippi belongs"),
        ("ੱੱ|ੰੰ", "a sign twice"),
    ),
    "ur": (("[\u0600-\u06ff][,;?.](?:\\s|$)", "a Latin sign in Urdu"),),
    "te": (("(?<!్)\u200c", "a joiner that joins nothing"),),
    "kn": (("(?<!್)\u200c", "a joiner that joins nothing"), ("\u200c\\W", "a joiner at the end of a word")),
    "ml": (("(?<!്)\u200c", "a joiner that joins nothing"), ("\u200c\\W", "a joiner at the end of a word")),
}
_BLOCKS = range(0x900, 0xD80, 0x80)
"""Devanagari to Malayalam: each has its signs at the same places."""
_SIGNS = "".join(f"{chr(start + 0x3C)}-{chr(start + 0x4D)}" for start in _BLOCKS)
_VOWELS = "".join(f"{chr(start + 0x3E)}-{chr(start + 0x4C)}" for start in _BLOCKS)
_ALL = (
    (f"(?:^|[\\s!-~])[{_SIGNS}]", "a vowel sign without a letter"),
    (f"[{_VOWELS}]{{2}}", "two vowel signs"),
    ("\u200d", "a joiner that changes letters"),
    ("  ", "two spaces"),
    (r" [,.;:!?।۔،؛؟](?:\s|$)", "a space before a sign"),
    ("[|]", "a bar for a danda"),
)


def faults(code: str, key: str, text: str) -> list[str]:
    """Return what is wrong with the spelling of a text of a catalogue."""
    if key in _LISTS:
        return []
    text = text.replace(NAMES_OF_LANGUAGES, "")
    rules = (*_ALL, *_RULES.get(code, ()))
    found = [f"{fault}: {_around(text, one)}" for pattern, fault in rules for one in re.finditer(pattern, text)]
    known = _LETTERS[code] + _EVERYWHERE
    strange = {sign for sign in text if not (" " <= sign <= "~") and sign not in known}
    found += [f"not a letter of this language: {sign!r} {unicodedata.name(sign, '?')}" for sign in sorted(strange)]
    if not unicodedata.is_normalized("NFC", text):
        found.append("not in Unicode's normal form C")
    return found


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(found.start() - 12, 0) : found.end() + 6].replace("\n", " ")
