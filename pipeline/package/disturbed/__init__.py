"""The disturbed check: what a package answers on pictures that its network was never taught.

The test images are shrunk, cut, turned, darkened, blurred and so on, with their labels carried along; pictures without
an instance are added. A package may refuse such a picture, or give a half-width that covers its error. It must not give
a wrong value that looks right.
"""
