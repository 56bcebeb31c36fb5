from package.inner import add

__all__ = ["add"]
