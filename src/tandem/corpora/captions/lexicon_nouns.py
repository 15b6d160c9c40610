"""The nouns: one table a class; a line is German, gender, German plural, English, English plural.

The gender is `m`, `f` or `n`, followed by the genitive when it is not simply `-s`: `m-es` (des Mannes), and `m-n`
or `m-en` for weak nouns, which take that ending in every case but the nominative (den Jungen). A plural of `-`
means that there is none; an English plural of `=` that the English word is a plural itself (eine Brille: glasses).
"""

PEOPLE = {
    "man": """
        Mann m-es Männer man men
        Vater m Väter father fathers
        Großvater m Großväter grandfather grandfathers
        Polizist m-en Polizisten policeman policemen
        Feuerwehrmann m-es Feuerwehrmänner firefighter firefighters
        Koch m-es Köche chef chefs
        Kellner m Kellner waiter waiters
        Arbeiter m Arbeiter worker workers
        Bauer m-n Bauern farmer farmers
        Maler m Maler painter painters
        Soldat m-en Soldaten soldier soldiers
        Clown m Clowns clown clowns
        Musiker m Musiker musician musicians
        Fotograf m-en Fotografen photographer photographers
        Gärtner m Gärtner gardener gardeners
        Tourist m-en Touristen tourist tourists
        Student m-en Studenten student students
    """,
    "woman": """
        Frau f Frauen woman women
        Mutter f Mütter mother mothers
        Großmutter f Großmütter grandmother grandmothers
        Kellnerin f Kellnerinnen waitress waitresses
        Tänzerin f Tänzerinnen dancer dancers
        Ärztin f Ärztinnen doctor doctors
        Lehrerin f Lehrerinnen teacher teachers
        Künstlerin f Künstlerinnen artist artists
        Dame f Damen lady ladies
        Sängerin f Sängerinnen singer singers
        Nachbarin f Nachbarinnen neighbor neighbors
    """,
    "kid": """
        Junge m-n Jungen boy boys
        Mädchen n Mädchen girl girls
        Kind n-es Kinder child children
    """,
    "infant": """
        Baby n Babys baby babies
        Kleinkind n-es Kleinkinder toddler toddlers
    """,
    "sport": """
        Läufer m Läufer runner runners
        Radfahrer m Radfahrer cyclist cyclists
        Wanderer m Wanderer hiker hikers
        Surfer m Surfer surfer surfers
    """,
}

ANIMALS = {
    "dog": """
        Hund m-es Hunde dog dogs
        Welpe m-n Welpen puppy puppies
    """,
    "cat": """
        Katze f Katzen cat cats
    """,
    "bird": """
        Vogel m Vögel bird birds
        Ente f Enten duck ducks
        Gans f Gänse goose geese
        Schwan m-es Schwäne swan swans
        Möwe f Möwen seagull seagulls
        Taube f Tauben pigeon pigeons
    """,
    "farm": """
        Pferd n-es Pferde horse horses
        Kuh f Kühe cow cows
        Schaf n-es Schafe sheep sheep
        Ziege f Ziegen goat goats
        Esel m Esel donkey donkeys
    """,
    "wild": """
        Affe m-n Affen monkey monkeys
        Elefant m-en Elefanten elephant elephants
        Bär m-en Bären bear bears
        Fuchs m-es Füchse fox foxes
        Kaninchen n Kaninchen rabbit rabbits
    """,
}

THINGS = {
    "hat": """
        Hut m-es Hüte hat hats
        Mütze f Mützen cap caps
        Helm m-es Helme helmet helmets
    """,
    "clothes": """
        Hemd n-es Hemden shirt shirts
        Jacke f Jacken jacket jackets
        Mantel m Mäntel coat coats
        Pullover m Pullover sweater sweaters
        Schürze f Schürzen apron aprons
        Weste f Westen vest vests
        Uniform f Uniformen uniform uniforms
        Hose f Hosen pants =
    """,
    "dress": """
        Kleid n-es Kleider dress dresses
        Rock m-es Röcke skirt skirts
        Bluse f Blusen blouse blouses
    """,
    "shoes": """
        Schuh m-s Schuhe shoe shoes
        Stiefel m Stiefel boot boots
        Handschuh m-s Handschuhe glove gloves
        Socke f Socken sock socks
    """,
    "extra": """
        Schal m Schals scarf scarves
        Maske f Masken mask masks
    """,
    "eyewear": """
        Brille f Brillen glasses =
        Sonnenbrille f Sonnenbrillen sunglasses =
    """,
    "hair": """
        Haar n-es Haare hair -
    """,
    "beard": """
        Bart m-es Bärte beard beards
    """,
    "collar": """
        Halsband n-es Halsbänder collar collars
    """,
    "fruit": """
        Apfel m Äpfel apple apples
        Banane f Bananen banana bananas
        Orange f Orangen orange oranges
        Birne f Birnen pear pears
        Kirsche f Kirschen cherry cherries
        Erdbeere f Erdbeeren strawberry strawberries
    """,
    "vegetable": """
        Kartoffel f Kartoffeln potato potatoes
        Tomate f Tomaten tomato tomatoes
        Karotte f Karotten carrot carrots
        Zwiebel f Zwiebeln onion onions
    """,
    "baked": """
        Kuchen m Kuchen cake cakes
        Keks m-es Kekse cookie cookies
        Pizza f Pizzas pizza pizzas
        Brezel f Brezeln pretzel pretzels
        Brötchen n Brötchen roll rolls
    """,
    "dish": """
        Suppe f Suppen soup soups
        Ei n-es Eier egg eggs
    """,
    "drink": """
        Kaffee m - coffee -
        Tee m - tea -
        Wasser n - water -
        Milch f - milk -
        Saft m-es - juice -
        Bier n-es - beer -
        Limonade f - lemonade -
    """,
    "fodder": """
        Gras n-es - grass -
        Heu n-s - hay -
    """,
    "instrument": """
        Gitarre f Gitarren guitar guitars
        Geige f Geigen violin violins
        Trommel f Trommeln drum drums
        Flöte f Flöten flute flutes
        Trompete f Trompeten trumpet trumpets
        Klavier n Klaviere piano pianos
    """,
    "toy": """
        Ball m-es Bälle ball balls
        Puppe f Puppen doll dolls
        Ballon m Ballons balloon balloons
        Drachen m Drachen kite kites
        Roboter m Roboter robot robots
    """,
    "stick": """
        Stock m-es Stöcke stick sticks
        Knochen m Knochen bone bones
    """,
    "reading": """
        Buch n-es Bücher book books
        Zeitung f Zeitungen newspaper newspapers
        Brief m-es Briefe letter letters
        Zeitschrift f Zeitschriften magazine magazines
        Landkarte f Landkarten map maps
    """,
    "picture": """
        Bild n-es Bilder picture pictures
        Foto n Fotos photo photos
        Plakat n-es Plakate poster posters
    """,
    "container": """
        Tasche f Taschen bag bags
        Rucksack m-es Rucksäcke backpack backpacks
        Korb m-es Körbe basket baskets
        Eimer m Eimer bucket buckets
        Kiste f Kisten crate crates
        Koffer m Koffer suitcase suitcases
        Paket n-es Pakete package packages
    """,
    "tool": """
        Hammer m Hämmer hammer hammers
        Schaufel f Schaufeln shovel shovels
        Besen m Besen broom brooms
        Leiter f Leitern ladder ladders
        Seil n-es Seile rope ropes
    """,
    "gadget": """
        Kamera f Kameras camera cameras
        Handy n Handys phone phones
        Laptop m Laptops laptop laptops
        Regenschirm m-es Regenschirme umbrella umbrellas
        Fahne f Fahnen flag flags
        Kerze f Kerzen candle candles
        Lampe f Lampen lamp lamps
        Schlüssel m Schlüssel key keys
    """,
    "tableware": """
        Teller m Teller plate plates
        Tasse f Tassen cup cups
        Flasche f Flaschen bottle bottles
        Schüssel f Schüsseln bowl bowls
        Topf m-es Töpfe pot pots
        Vase f Vasen vase vases
    """,
    "flower": """
        Blume f Blumen flower flowers
        Rose f Rosen rose roses
        Tulpe f Tulpen tulip tulips
        Sonnenblume f Sonnenblumen sunflower sunflowers
    """,
    "furniture": """
        Stuhl m-s Stühle chair chairs
        Tisch m-es Tische table tables
        Sofa n Sofas sofa sofas
        Bett n-es Betten bed beds
        Regal n Regale shelf shelves
        Bank f Bänke bench benches
    """,
    "textile": """
        Teppich m Teppiche carpet carpets
        Decke f Decken blanket blankets
    """,
    "bike": """
        Fahrrad n-es Fahrräder bicycle bicycles
        Motorrad n-es Motorräder motorcycle motorcycles
        Roller m Roller scooter scooters
    """,
    "car": """
        Auto n Autos car cars
        Lastwagen m Lastwagen truck trucks
        Traktor m Traktoren tractor tractors
        Taxi n Taxis taxi taxis
    """,
    "transit": """
        Bus m-ses Busse bus buses
        Zug m-es Züge train trains
    """,
    "boat": """
        Boot n-es Boote boat boats
        Kanu n Kanus canoe canoes
    """,
    "cart": """
        Schlitten m Schlitten sled sleds
        Wagen m Wagen cart carts
    """,
    "prey": """
        Fisch m-es Fische fish fish
    """,
    "built": """
        Sandburg f Sandburgen sandcastle sandcastles
        Schneemann m-es Schneemänner snowman snowmen
        Schneeball m-es Schneebälle snowball snowballs
    """,
}

PLACES = {
    "green": """
        Park m Parks park parks
        Garten m Gärten garden gardens
        Wald m-es Wälder forest forests
        Wiese f Wiesen meadow meadows
        Feld n-es Felder field fields
    """,
    "height": """
        Berg m-es Berge mountain mountains
        Hügel m Hügel hill hills
        Felsen m Felsen rock rocks
    """,
    "shore": """
        Strand m-es Strände beach beaches
    """,
    "water": """
        See m-s Seen lake lakes
        Fluss m-es Flüsse river rivers
        Pfütze f Pfützen puddle puddles
        Brunnen m Brunnen fountain fountains
    """,
    "tree": """
        Baum m-es Bäume tree trees
        Busch m-es Büsche bush bushes
    """,
    "street": """
        Straße f Straßen street streets
        Brücke f Brücken bridge bridges
        Treppe f Treppen stairs =
    """,
    "town": """
        Stadt f Städte city cities
        Platz m-es Plätze square squares
        Markt m-es Märkte market markets
        Spielplatz m-es Spielplätze playground playgrounds
        Bühne f Bühnen stage stages
    """,
    "room": """
        Küche f Küchen kitchen kitchens
        Zimmer n Zimmer room rooms
        Büro n Büros office offices
        Werkstatt f Werkstätten workshop workshops
        Garage f Garagen garage garages
    """,
    "building": """
        Haus n-es Häuser house houses
        Kirche f Kirchen church churches
        Turm m-es Türme tower towers
        Scheune f Scheunen barn barns
        Zelt n-es Zelte tent tents
    """,
    "venue": """
        Café n Cafés café cafés
        Restaurant n Restaurants restaurant restaurants
        Laden m Läden store stores
        Supermarkt m-es Supermärkte supermarket supermarkets
        Museum n Museen museum museums
        Bahnhof m-es Bahnhöfe station stations
        Schule f Schulen school schools
    """,
    "barrier": """
        Mauer f Mauern wall walls
        Zaun m-es Zäune fence fences
        Tor n-es Tore gate gates
        Dach n-es Dächer roof roofs
    """,
    "wall": """
        Wand f Wände wall walls
    """,
    "opening": """
        Tür f Türen door doors
        Fenster n Fenster window windows
    """,
    "element": """
        Schnee m - snow -
        Regen m - rain -
        Sonne f - sun -
        Sand m-es - sand -
        Boden m - ground -
        Meer n-es - sea -
    """,
}
