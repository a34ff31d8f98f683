"""The attack campaign: hostile projects composed by chance from pieces, and a look at all that leaves the process."""
