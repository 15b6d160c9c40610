"""A model as two ONNX graphs, which run without PyTorch: their form alone, from which files are written and checked.

Importing this package loads neither torch nor onnx.
"""
