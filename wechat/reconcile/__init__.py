"""When pushes were lost: WeChat's word about followers, cards and blocked messages is compared with ours.

WeChat pushes an event three times within fifteen seconds, then never again. What differs is recorded as the event that
was lost (findings.py), so that whoever owns the matter heals it by the handler it has. Nothing is changed here.
"""
