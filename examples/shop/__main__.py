"""A shop's morning: orders come in, stock goes out, and one customer is disappointed."""

from orders import arriving
from receipts import receipt
from stock import OutOfStock, Stock


def morning(stock):
    earned = 0
    for order in arriving():
        try:
            stock.take(order.item, order.count)
        except OutOfStock as problem:
            print(f"{order.customer}: sorry, {problem}")
        else:
            earned += order.price()
            print(receipt(order))
    return earned


stock = Stock(apples=10, pears=3)
earned = morning(stock)
print(f"earned {earned}, left on the shelf: {stock.shelf}")
