"""Where things happen, as prepositional phrases: preposition, case, place, English preposition, tags.

An underscore stands for a space. `PLACES_AT` say where; `WAYS` say where to or along which way, and may hold a word
after the place (den Hügel hinauf), which joins the verb as a separable prefix does. Verbs choose among them by
tag, and the earlier ones more often.
"""

PLACES_AT = """
    in dat Park in out stroll play
    in dat Garten in out home garden play
    auf dat Straße on out stroll show
    auf dat Platz in out show
    an dat Strand on out lie play beach
    auf dat Wiese in out lie play pasture
    auf dat Spielplatz on play
    an dat See by out beach
    an dat Fluss by out pasture
    in dat Wald in out stroll
    auf dat Feld in pasture field
    auf dat Brücke on stand show
    vor dat Haus in_front_of out stand home
    hinter dat Haus behind garden play
    vor dat Kirche in_front_of stand show
    vor dat Laden in_front_of stand
    neben dat Auto next_to stand
    neben dat Baum next_to stand pasture
    unter dat Baum under lie seat stand pasture
    in dat Schnee in play wintry
    in dat Regen in rainy
    in dat Sonne in lie sunny
    in dat Stadt in out show
    auf dat Hügel on stand pasture
    auf dat Berg on stand
    an dat Brunnen by stand seat show
    auf dat Markt at trade
    in dat Laden in trade
    in dat Supermarkt in trade
    am_Ufer gen See on_the_shore_of out beach stand
    am_Ufer gen Fluss on_the_bank_of out stand pasture
    in_der_Mitte gen Platz in_the_middle_of show stand
    am_Rand gen Wald at_the_edge_of out stand pasture
    am_Rand gen Feld at_the_edge_of stand field
    in dat Küche in home kitchen indoor
    in dat Zimmer in home indoor watch
    in dat Büro in work indoor
    in dat Werkstatt in work repair
    in dat Garage in repair
    in dat Café in indoor dine
    in dat Restaurant in dine kitchen
    in dat Museum in visit
    in dat Bahnhof in wait
    vor dat Bahnhof in_front_of wait
    vor dat Museum in_front_of wait stand
    vor dat Schule in_front_of wait stand
    in dat Zug on study
    in dat Bus on study
    in dat Zelt in lie
    in dat Scheune in barn
    auf dat Bühne on show
    auf dat Bank on seat
    auf dat Stuhl on seat
    auf dat Sofa on seat lie watch
    auf dat Treppe on seat stand
    auf dat Mauer on seat perch
    auf dat Felsen on seat stand
    auf dat Decke on seat lie
    an dat Tisch at seat dine
    an dat Fenster at stand seat
    in dat Boot in boat
    in dat Kanu in boat
    auf dat Leiter on rung
    auf dat Teppich on lie floor
    in dat Gras in lie pasture
    in dat Sand in lie beach
    in dat Bett in lie watch
    auf dat Boden on lie floor
    unter dat Tisch under hide
    hinter dat Busch behind hide
    hinter dat Mauer behind hide
    in dat See in swim
    in dat Fluss in swim
    in dat Meer in swim
    auf dat Dach on perch
    auf dat Zaun on perch
    in dat Baum in perch
    auf dat Tisch on top
    auf dat Stuhl on top
    in dat Regal on top
    auf dat Bett on top
    neben dat Bett next_to top beside
    neben dat Sofa next_to top beside
    unter dat Bank under top
    vor dat Tür in_front_of beside parked
    neben dat Tor next_to parked
    vor dat Scheune in_front_of parked
    hinter dat Zaun behind parked pasture
    an dat Straße by parked
    an dat Wand on hung
    über dat Bett above hung
    über dat Sofa above hung
    an dat Tür on hung
    an dat Zaun on hung
"""

WAYS = """
    durch acc Park through - walk ride
    durch acc Wald through - walk ride gallop hike
    durch acc Stadt through - walk ride drive
    durch acc Garten through - walk sneak
    durch acc Schnee through - walk wade hike
    durch acc Pfütze through - wade ride
    durch acc Fluss through - wade
    durch acc Gras through - sneak wade
    durch acc Tor through - walk drive
    durch acc Küche through - sneak crawl
    über acc Wiese across - walk gallop hike
    über acc Feld across - walk gallop drive hike
    über acc Straße across - walk sneak
    über acc Brücke across - walk ride drive gallop
    über acc Platz across - walk ride
    über acc See across - row fly
    über acc Fluss across - row
    über acc Stadt over - fly
    über acc Dach over - fly
    über acc Wald over - fly
    über acc Meer over - fly
    über acc Teppich across - crawl
    über acc Boden across - crawl
    an dat Strand along entlang walk ride gallop
    an dat Fluss along entlang walk ride gallop hike
    an dat Mauer along entlang walk sneak
    an dat Zaun along entlang walk sneak
    um acc See around - walk ride hike
    um acc Haus around - walk sneak
    um acc Brunnen around - walk
    um acc Tisch around - crawl walk
    - acc Hügel up hinauf walk ride gallop drive
    - acc Treppe up hinauf walk crawl
    - acc Berg up hinauf walk drive hike
    - acc Treppe down hinunter walk
    - acc Hügel down hinunter ride drive slide
    - acc Straße down hinunter drive ride
    in acc Wald into - walk gallop
    in acc Haus into - walk sneak
    in acc Garten into - walk sneak
    in acc Küche into - walk sneak crawl
    in acc See into - jump
    in acc Fluss into - jump
    in acc Pfütze into - jump
    in acc Schnee into - jump
    in acc Museum into - walk
    zu dat Bahnhof to - walk drive
    zu dat Strand to - walk drive
    zu dat Markt to - walk drive
    zu dat Schule to - walk ride
    zu dat Spielplatz to - walk ride
    zu dat Tür to - crawl
"""
