"""A WeChat to develop against: an own process with an own small store, never imported by the product."""
