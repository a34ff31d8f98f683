"""Speed, as ratios of sides that take turns in one run: `make bench`. No test asserts any of it; its logic is tested.

A group is a module with a function `measures` and a line in `__main__.GROUPS`.
"""
