"""Who wants what."""

PRICES = {"apples": 2, "pears": 3}


class Order:
    def __init__(self, customer, item, count):
        self.customer = customer
        self.item = item
        self.count = count

    def price(self):
        return PRICES[self.item] * self.count


def arriving():
    for line in ("Ada 4 apples", "Grace 5 pears", "Linus 2 apples"):
        customer, count, item = line.split()
        yield Order(customer, item, int(count))
