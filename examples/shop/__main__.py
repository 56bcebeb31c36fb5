"""A shop: orders come in, stock goes out, and one customer is disappointed."""

from orders import arriving
from stock import Stock

from morning import morning

stock = Stock(apples=10, pears=3)
earned = morning(stock, arriving())
print(f"earned {earned}, left on the shelf: {stock.shelf}")
