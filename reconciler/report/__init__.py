"""Wording: plans, results and tests -> strings. Only this package words output; it prints nothing itself.

`plan_text` and `result_text` are for people, `document` for machines; `texts` holds the pieces. Nothing is imported
here, since a verb that only words problems should not pay for the rest.
"""
