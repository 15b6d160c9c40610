"""Models on the Hugging Face Hub: their names, downloads, uploads and model cards.

Importing this package loads neither torch nor huggingface_hub, which the extra `hub` installs.
"""
