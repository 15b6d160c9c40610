"""Models on the Hugging Face Hub: how they are named, fetched and pushed, and the card that describes one.

Importing this package loads neither torch nor huggingface_hub, which the extra `hub` installs.
"""
