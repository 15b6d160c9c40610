"""The adjectives: German, the stem that takes the endings when it differs, English | the noun classes they suit.

A stem of `!` marks a word that takes no endings (ein rosa Kleid). `DESCRIBING` come before `COLORS` (and materials)
when a noun has both. A word with an initial capital is a single noun rather than a class. The earlier a line, the
more often it is drawn.
"""

DESCRIBING = """
    klein - small | kid animal toy instrument tool bike built container boat furniture flower tableware \
        building room water picture town stick
    groß - big | animal toy built transit textile prey container car boat furniture fruit vegetable baked \
        building tree water picture town
    groß - tall | man woman sport
    jung - young | man woman sport dog cat farm wild
    alt - old | man woman dog cat farm bike car boat instrument reading picture furniture container \
        building venue street transit tool textile barrier
    älter - elderly | man woman
    neu - new | bike car clothes shoes gadget tool instrument toy cart venue
    stark - strong | man sport farm
    elegant - elegant | woman dress clothes furniture
    freundlich - friendly | man woman kid dog
    fröhlich - cheerful | man woman kid infant
    müde müd tired | person farm dog
    traurig - sad | man woman kid wild dog
    hungrig - hungry | kid infant animal
    neugierig - curious | kid infant cat dog wild farm
    stolz - proud | man woman kid sport
    lächelnd - smiling | man woman kid
    schlafend - sleeping | infant animal
    barfüßig - barefoot | kid man woman
    nass - wet | dog cat bird sport clothes shoes hat street textile
    schmutzig - dirty | dog farm clothes shoes tableware car bike opening textile cart
    wild - wild | farm bird dog
    dick - fat | cat bird wild farm
    flauschig - fluffy | cat dog Kaninchen Schaf textile
    lang - long | dress Mantel Schal hair beard Stock Seil Leiter Brief Straße Tisch
    kurz - short | Kleid Rock hair Seil Brief Stock
    lockig - curly | hair
    warm - warm | clothes shoes extra hat textile dish
    gestreift - striped | clothes dress extra Socke textile Zelt
    kariert - checkered | Hemd Jacke Rock Decke Bluse Hose Schal
    frisch - fresh | fruit vegetable baked Ei Heu prey flower Milch Saft Wasser
    heiß - hot | Kaffee Tee Suppe Pizza Milch
    kalt - cold | Wasser Milch Saft Bier Limonade Suppe Tee
    süß - sweet | fruit baked Limonade Tee
    lecker - delicious | fruit baked dish
    schwer - heavy | container Hammer Leiter Teppich
    leer leer empty | container tableware street venue room town transit
    kaputt - broken | Kamera Handy Laptop Lampe Regenschirm bike car toy furniture opening cart instrument \
        tool
    teuer teur expensive | Auto Motorrad Kamera Laptop Handy instrument dress furniture
    schön - beautiful | flower dress building picture green shore Pferd Vogel Vase town
    ruhig - quiet | green street water venue shore
    belebt - busy | street town venue Strand
    dunkel dunkl dark | hair room green street clothes
    lustig - funny | reading picture hat toy kid
    steil - steep | height Treppe Straße
    hoch hoh high | Berg Mauer Zaun Turm Brücke Felsen
    verschneit - snowy | green height street Dach Stadt
    sonnig - sunny | green shore room town
    modern - modern | building room venue furniture Stadt
    überfüllt - crowded | transit venue shore Markt Platz
"""

COLORS = """
    rot - red | clothes dress hat shoes extra toy container bike car boat cart transit flower Apfel \
        Kirsche Erdbeere Tomate gadget building opening hair wall
    blau - blue | clothes dress hat shoes extra eyewear collar toy container bike car boat cart transit \
        tableware textile opening
    grün - green | clothes dress hat shoes extra collar toy bike car boat container tableware textile tree \
        opening Wiese Apfel Birne
    gelb - yellow | clothes dress hat shoes extra toy container bike car boat transit flower tableware \
        Zelt Banane Birne
    schwarz - black | clothes dress hat shoes extra eyewear collar dog cat farm bike car hair container \
        Vogel
    weiß - white | clothes dress hat shoes dog cat bird farm beard car building flower tableware barrier \
        wall Kaninchen
    braun - brown | clothes shoes hat dog cat farm container furniture hair beard Bär
    grau - gray | clothes hat extra cat bird beard car wall barrier Esel Elefant
    blond - blond | hair woman kid
    rosa ! pink | dress clothes hat extra Ballon Rose Tulpe Roller Puppe
    lila ! purple | dress clothes hat Ballon Blume Tulpe textile
    bunt - colorful | dress extra toy container textile Vogel Fahne picture boat reading
    hölzern - wooden | furniture boat Tür Tor Zaun Brücke Leiter Kiste Schüssel
    golden - golden | Maske Kerze tableware Schlüssel collar Trompete
"""
