"""What the customer takes home; the policy beside this folder leaves it out of the trace."""


def receipt(order):
    return f"{order.customer}: {order.count} {order.item}, {order.price()} paid"
