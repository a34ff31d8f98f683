"""Work grows in proportion to the number of objects: projects of every shape, and the calls that each step makes."""
