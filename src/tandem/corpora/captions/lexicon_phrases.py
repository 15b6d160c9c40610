"""Everyday phrases, so that somebody who has just trained a model has something to type."""

NAMES = ("Anna", "Paul", "Maria", "Peter", "Lisa", "Max", "Emma", "Tom", "Julia", "Felix")

CALLS = (
    ("Hallo", "Hello"),
    ("Guten Morgen", "Good morning"),
    ("Guten Tag", "Good day"),
    ("Guten Abend", "Good evening"),
    ("Gute Nacht", "Good night"),
    ("Auf Wiedersehen", "Goodbye"),
    ("Tschüss", "Bye"),
    ("Bis bald", "See you soon"),
    ("Bis morgen", "See you tomorrow"),
    ("Danke", "Thank you"),
    ("Vielen Dank", "Thank you very much"),
    ("Willkommen", "Welcome"),
    ("Viel Glück", "Good luck"),
    ("Viel Spaß", "Have fun"),
    ("Gute Reise", "Have a good trip"),
    ("Guten Appetit", "Enjoy your meal"),
    ("Alles Gute zum Geburtstag", "Happy birthday"),
    ("Es tut mir leid", "I am sorry"),
    ("Ich liebe dich", "I love you"),
    ("Ja, bitte", "Yes, please"),
    ("Nein, danke", "No, thank you"),
)
"""Said as they are, with a full stop or an exclamation mark, and to somebody: "Guten Morgen, Anna!"."""

QUESTIONS = (
    ("Wie geht es dir", "How are you"),
    ("Wie geht es Ihnen", "How are you"),
    ("Wie heißt du", "What is your name"),
    ("Wo wohnst du", "Where do you live"),
    ("Was machst du", "What are you doing"),
    ("Wie spät ist es", "What time is it"),
    ("Was kostet das", "How much is that"),
    ("Sprechen Sie Deutsch", "Do you speak German"),
    ("Sprechen Sie Englisch", "Do you speak English"),
)
"""Asked with or without a question mark, and of somebody: "Wie geht es dir, Anna?"."""

ABOUT_NAMES = (
    ("Ich heiße {}.", "My name is {}."),
    ("Das ist {}.", "This is {}."),
    ("Wo ist {}?", "Where is {}?"),
    ("{} ist müde.", "{} is tired."),
    ("{} ist glücklich.", "{} is happy."),
)
"""Sentences around a name."""
