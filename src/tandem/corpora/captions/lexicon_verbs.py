"""The verbs: German, English | subjects | objects | places | adverbs | reasons.

German is the infinitive, with `+` after a separable prefix, and its third person; English is base, third person
and -ing form, with the words that follow them. Subjects and objects are noun classes or, with an initial capital,
nouns. Places and ways are tags of lexicon_places; adverbs and reasons are names in lexicon_clauses. A verb with
several meanings, or with different objects in different places, has several lines. The earlier a line, or an
object in it, the more often it is drawn.
"""

ACCUSATIVE = """
    lesen liest, read reads reading | man woman kid | reading | stroll study seat | leise aufmerksam |
    schreiben schreibt, write writes writing | man woman kid | Brief Buch | study indoor | schnell leise |
    essen isst, eat eats eating | man woman kid | fruit baked dish | dine seat stroll | langsam | hungry
    trinken trinkt, drink drinks drinking | man woman kid | drink | dine seat | langsam | thirsty
    fressen frisst, eat eats eating | farm | fodder Apfel Karotte | pasture barn | langsam | hungry
    kaufen kauft, buy buys buying | man woman | fruit vegetable baked flower | trade | |
    kaufen kauft, buy buys buying | man woman kid | toy clothes hat shoes reading | trade | |
    verkaufen verkauft, sell sells selling | man woman | fruit vegetable baked flower hat toy picture | \
        trade show | |
    tragen trägt, wear wears wearing | man woman kid sport | hat clothes extra eyewear shoes | | stolz |
    tragen trägt, wear wears wearing | woman Mädchen | dress | | stolz |
    tragen trägt, carry carries carrying | man woman | container tool Gitarre Geige Trommel Stuhl Tisch \
        Regal Bank | out | vorsichtig langsam |
    tragen trägt, carry carries carrying | dog | stick Ball Zeitung Puppe | out | stolz |
    halten hält, hold holds holding | man woman kid | flower gadget Gitarre Geige Flöte Trompete reading \
        tableware | stand show | stolz |
    halten hält, hold holds holding | kid infant | toy stick | play floor | stolz |
    an+ziehen zieht, put puts putting on | man woman kid | clothes shoes extra | home | schnell langsam | \
        cold
    auf+setzen setzt, put puts putting on | man woman kid sport | hat eyewear | | schnell | sunny
    aus+ziehen zieht, take takes taking off | man woman kid sport | clothes shoes | home | schnell langsam \
        | hot
    ab+setzen setzt, take takes taking off | man woman sport | hat eyewear | indoor | langsam |
    auf+heben hebt, pick picks picking up | man woman kid | toy stick Schlüssel Handy Hut container | out \
        | vorsichtig |
    weg+werfen wirft, throw throws throwing away | man woman | shoes reading tool toy Flasche | | |
    werfen wirft, throw throws throwing | man woman kid | Ball Stock | out | schnell |
    werfen wirft, throw throws throwing | man kid | Schneeball | wintry | schnell |
    fangen fängt, catch catches catching | man kid dog | Ball Fisch Stock Ballon | out beach | schnell |
    jagen jagt, chase chases chasing | dog kid Fuchs | cat bird Kaninchen Ball Schaf | out | fröhlich |
    füttern füttert, feed feeds feeding | man woman kid | farm bird dog cat Affe Elefant | out | geduldig \
        vorsichtig |
    streicheln streichelt, pet pets petting | man woman kid | dog cat farm Kaninchen | out | vorsichtig |
    waschen wäscht, wash washes washing | man woman | fruit vegetable clothes tableware | kitchen | \
        gründlich |
    waschen wäscht, wash washes washing | man woman | car dog bike | parked | gründlich |
    putzen putzt, clean cleans cleaning | man woman | opening shoes furniture | home | gründlich |
    reparieren repariert, repair repairs repairing | man | bike car boat Kamera Handy Laptop Lampe opening \
        cart | repair | gründlich |
    schieben schiebt, push pushes pushing | man woman | bike cart | out | langsam |
    ziehen zieht, pull pulls pulling | man kid Pferd Esel | Schlitten Wagen | wintry out | langsam |
    öffnen öffnet, open opens opening | man woman | opening Tor Koffer Tasche Kiste Paket Flasche Brief \
        Regenschirm | | vorsichtig |
    schließen schließt, close closes closing | man woman | opening Tor Buch Koffer Tasche Kiste \
        Regenschirm | | leise |
    malen malt, paint paints painting | man woman kid | picture barrier Baum flower Haus | out | \
        vorsichtig |
    fotografieren fotografiert, photograph photographs photographing | man woman | building farm bird \
        flower | out | |
    backen backt, bake bakes baking | man woman | baked | kitchen | |
    kochen kocht, cook cooks cooking | man woman | Suppe Kartoffel Ei Karotte | kitchen | |
    schneiden schneidet, cut cuts cutting | man woman | vegetable fruit baked | kitchen | vorsichtig |
    schälen schält, peel peels peeling | man woman kid | Apfel Banane Orange Kartoffel Karotte Ei Zwiebel \
        | kitchen | langsam |
    pflücken pflückt, pick picks picking | man woman kid | Apfel Kirsche Erdbeere Birne Tomate flower | \
        garden field | |
    pflanzen pflanzt, plant plants planting | man woman | flower tree Tomate Kartoffel Erdbeere | garden | |
    bauen baut, build builds building | kid man | Sandburg Schneemann Turm | play | |
    an+zünden zündet, light lights lighting | man woman | Kerze Lampe | home | vorsichtig | dark
    packen packt, pack packs packing | man woman | Koffer Rucksack Tasche Kiste | home | schnell |
    umarmen umarmt, hug hugs hugging | woman kid | dog infant Großvater Vater Mutter | out | fröhlich | \
        happy
    beobachten beobachtet, watch watches watching | man woman kid cat | bird wild Fisch | out | leise \
        aufmerksam |
    an+sehen sieht, look looks looking at | man woman kid | picture reading building | visit | aufmerksam |
    suchen sucht, look looks looking for | man woman kid | Schlüssel Handy shoes dog cat Ball hat | | |
    hoch+heben hebt, lift lifts lifting | man | kid infant container furniture | | vorsichtig |
    ab+trocknen trocknet, dry dries drying | man woman | tableware dog | kitchen | gründlich |
    auf+hängen hängt, hang hangs hanging up | man woman | picture clothes Lampe Regal Fahne | home | \
        vorsichtig |
    tragen trägt, carry carries carrying | man woman | infant tableware | home | vorsichtig |
    fahren fährt, drive drives driving | man woman | car | | langsam |
    an+bellen bellt, bark barks barking at | dog | cat bird man car farm | out | laut |
    an+lächeln lächelt, smile smiles smiling at | man woman kid infant | man woman infant | out | |
"""

DATIVE = """
    helfen hilft, help helps helping | man woman kid | man woman | work out | geduldig |
    folgen folgt, follow follows following | kid dog | man woman kid bird farm | out | langsam leise |
    zu+hören hört, listen listens listening to | man woman kid | Musiker Sängerin Lehrerin Großvater Clown \
        | show | aufmerksam |
    zu+winken winkt, wave waves waving to | man woman kid | man woman kid infant | out | fröhlich |
    vor+lesen liest, read reads reading to | woman man | kid infant | seat | leise |
"""

PREPOSITIONAL = """
    spielen spielt, play plays playing with | kid infant dog cat | mit dat | toy dog cat stick | play home \
        | fröhlich |
    spielen spielt, play plays playing | man woman kid | auf dat | instrument | show | laut leise |
    reiten reitet, ride rides riding | man woman kid | auf dat | Pferd Esel Elefant | beach stroll | stolz |
    fahren fährt, ride rides riding | man woman kid | auf dat | bike | stroll | schnell |
    warten wartet, wait waits waiting for | man woman kid | auf acc | transit Taxi man woman | wait | \
        geduldig |
    zeigen zeigt, point points pointing at | man woman kid | auf acc | picture building animal Landkarte \
        transit | | |
    sprechen spricht, talk talks talking to | man woman | mit dat | man woman kid | out dine | leise |
    tanzen tanzt, dance dances dancing with | man woman kid | mit dat | man woman Puppe | show | fröhlich |
    lachen lacht, laugh laughs laughing at | man woman kid | über acc | Clown wild Hund Bild Puppe | | \
        laut |
    klettern klettert, climb climbs climbing | kid man cat Affe | auf acc | tree Mauer Zaun Turm Leiter \
        Felsen Dach | | vorsichtig schnell |
    springen springt, jump jumps jumping over | dog kid farm sport | über acc | Zaun Pfütze Mauer Bank \
        Fluss Seil Stock | | |
    lehnen lehnt, lean leans leaning against | man woman sport | an dat | Mauer Baum car Zaun Tür bike | | |
    schnuppern schnuppert, sniff sniffs sniffing at | dog cat farm wild | an dat | flower shoes container \
        baked tree | out | |
    aus+steigen steigt, get gets getting off | man woman kid | aus dat | transit | | schnell langsam |
    ein+steigen steigt, get gets getting on | man woman kid | in acc | transit | | schnell langsam |
"""

GIVING = """
    geben gibt, give gives giving | man woman kid | fruit baked toy flower reading | | |
    zeigen zeigt, show shows showing | man woman kid | picture reading gadget animal | | stolz |
    bringen bringt, bring brings bringing | man woman | drink baked dish flower textile | | |
"""

PLAIN = """
    sitzen sitzt, sit sits sitting | man woman kid | seat boat | | tired
    sitzen sitzt, sit sits sitting | bird cat | perch | | tired
    sitzen sitzt, sit sits sitting | infant | floor | |
    stehen steht, stand stands standing | man woman kid sport | stand rainy | | sunny
    stehen steht, stand stands standing | farm | pasture barn | |
    liegen liegt, lie lies lying | man woman kid dog cat | lie | | tired
    knien kniet, kneel kneels kneeling | man woman kid | floor garden | |
    schlafen schläft, sleep sleeps sleeping | man woman kid infant dog cat | lie | | tired
    schlafen schläft, sleep sleeps sleeping | farm wild | pasture | | tired
    spielen spielt, play plays playing | kid infant dog cat | play home | fröhlich | happy
    tanzen tanzt, dance dances dancing | man woman kid | show play | fröhlich | happy
    singen singt, sing sings singing | man woman kid | show | laut leise fröhlich | happy
    lachen lacht, laugh laughs laughing | man woman kid infant | play | laut | happy
    weinen weint, cry cries crying | kid infant | play floor | laut leise | sad hungry tired
    arbeiten arbeitet, work works working | man woman | work field | |
    kochen kocht, cook cooks cooking | man woman | kitchen | | hungry
    schwimmen schwimmt, swim swims swimming | man woman kid dog bird sport | swim | schnell langsam | hot
    joggen joggt, jog jogs jogging | man woman sport | stroll beach | langsam | sunny
    zelten zeltet, camp camps camping | man woman kid | beach stroll | | sunny
    graben gräbt, dig digs digging | dog kid man | beach garden | schnell |
    sich_aus+ruhen ruht, rest rests resting | man woman sport dog cat | lie | | tired
    sich_verstecken versteckt, hide hides hiding | kid cat dog wild | hide | leise |
    sich_sonnen sonnt, sunbathe sunbathes sunbathing | man woman | beach | | sunny
    grasen grast, graze grazes grazing | farm | pasture | | hungry
    bellen bellt, bark barks barking | dog | beside play | laut | hungry
    winken winkt, wave waves waving | man woman kid | stand | fröhlich | happy
    warten wartet, wait waits waiting | man woman kid dog | wait beside | geduldig |
    ein+schlafen schläft, fall falls falling asleep | infant kid cat man | lie | | tired
    auf+wachen wacht, wake wakes waking up | infant kid cat dog | lie | langsam | hungry
    fern+sehen sieht, watch watches watching TV | man woman kid | watch | |
    spielen spielt, perform performs performing | Musiker | show | laut |
"""

MOTION = """
    laufen läuft, run runs running | kid dog sport man | walk | schnell | happy
    gehen geht, walk walks walking | man woman kid | walk | langsam |
    spazieren spaziert, stroll strolls strolling | man woman | walk | langsam | sunny
    wandern wandert, hike hikes hiking | man woman sport | hike | fröhlich | sunny
    schleichen schleicht, sneak sneaks sneaking | cat Fuchs kid | sneak | leise | hungry
    waten watet, wade wades wading | man kid bird dog | wade | langsam |
    reiten reitet, ride rides riding | man woman kid | gallop | |
    galoppieren galoppiert, gallop gallops galloping | Pferd Esel | gallop | schnell |
    radeln radelt, cycle cycles cycling | man woman kid | ride | langsam schnell | sunny
    fahren fährt, drive drives driving | car transit | drive | langsam schnell |
    rudern rudert, row rows rowing | man woman kid | row | langsam |
    fliegen fliegt, fly flies flying | bird | fly | |
    krabbeln krabbelt, crawl crawls crawling | infant | crawl | schnell langsam |
    springen springt, jump jumps jumping | kid dog sport | jump | fröhlich | happy
    rutschen rutscht, slide slides sliding | kid infant | slide | | happy
    eilen eilt, hurry hurries hurrying | man woman | walk | | rain
"""

THINGS_AT = """
    liegen liegt, lie lies lying | reading clothes fruit stick tool toy textile gadget | top | |
    stehen steht, stand stands standing | tableware flower Lampe container | top | |
    stehen steht, stand stands standing | bike car cart furniture | parked | |
    hängen hängt, hang hangs hanging | picture clothes Lampe Fahne hat | hung | |
    schwimmen schwimmt, float floats floating | boat Ball Ballon | swim | |
"""
