"""What happens until noon."""

from receipts import receipt
from stock import OutOfStock


def morning(stock, orders):
    earned = 0
    for order in orders:
        try:
            stock.take(order.item, order.count)
        except OutOfStock as problem:
            print(f"{order.customer}: sorry, {problem}")
        else:
            earned += order.price()
            print(receipt(order))
    return earned
