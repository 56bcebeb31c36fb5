"""What lies on the shelf."""


class OutOfStock(Exception):
    pass


class Stock:
    def __init__(self, **shelf):
        self.shelf = shelf

    def take(self, item, count):
        left = self.shelf[item] - count
        if left < 0:
            raise OutOfStock(f"only {self.shelf[item]} {item} left")
        self.shelf[item] = left
