"""Adverbs, times, reasons and purposes: the small words around a clause, German with English."""

ADVERBS = {
    "leise": "quietly",
    "laut": "loudly",
    "vorsichtig": "carefully",
    "langsam": "slowly",
    "schnell": "quickly",
    "fröhlich": "happily",
    "stolz": "proudly",
    "geduldig": "patiently",
    "aufmerksam": "attentively",
    "gründlich": "thoroughly",
}

TIMES = (
    ("am Morgen", "in the morning"),
    ("am Nachmittag", "in the afternoon"),
    ("am Abend", "in the evening"),
    ("am Wochenende", "on the weekend"),
    ("heute", "today"),
)

FEELINGS = {
    "tired": "müde",
    "hungry": "hungrig",
    "thirsty": "durstig",
    "happy": "glücklich",
    "sad": "traurig",
}
"""Reasons that speak of the subject: "weil er müde ist"."""

WEATHER = {
    "rain": ("es regnet", "it is raining"),
    "snow": ("es schneit", "it is snowing"),
    "cold": ("es kalt ist", "it is cold"),
    "hot": ("es heiß ist", "it is hot"),
    "dark": ("es dunkel ist", "it is dark"),
    "sunny": ("die Sonne scheint", "the sun is shining"),
}
"""Reasons that speak of the weather."""

DESPITE = ("rain", "cold", "snow")
"""The weather that somebody defies: "obwohl es regnet"."""

FEATS = (
    *("fangen", "werfen", "aufheben", "klettern", "springen", "reiten", "öffnen", "schließen", "reparieren"),
    *(
        "hochheben",
        "putzen",
        "waschen",
        "ziehen",
        "schieben",
        "bauen",
        "anzünden",
        "backen",
        "schälen",
        "malen",
    ),
    *("fotografieren", "jagen", "streicheln", "füttern", "anziehen", "ausziehen", "absetzen", "aufsetzen"),
    *(
        "aufhängen",
        "lesen",
        "fahren",
        "schneiden",
        "pflücken",
        "einsteigen",
        "aussteigen",
        "umarmen",
        "auspacken",
    ),
    *("packen", "abtrocknen", "wegwerfen", "pflanzen", "schreiben"),
)
"""What somebody tries or wants to do."""

PURPOSES = (
    ("in die Küche", "into the kitchen", ("backen", "kochen", "schälen", "schneiden")),
    ("auf den Markt", "to the market", ("kaufen", "verkaufen")),
    ("in den Garten", "into the garden", ("pflücken", "pflanzen", "spielen")),
    ("in den Park", "to the park", ("joggen", "lesen", "spielen", "fotografieren", "tanzen")),
    ("zum See", "to the lake", ("schwimmen", "zelten", "fotografieren", "sich_sonnen")),
    ("in die Werkstatt", "to the workshop", ("reparieren", "arbeiten")),
)
"""Where one goes and what for: "geht in die Küche, um einen Kuchen zu backen"."""
