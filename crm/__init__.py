"""Who, what, where, how much: catalogue, places, members, orders, points, attribution."""
