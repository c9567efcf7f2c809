"""What scripts/bench measures. Standard library alone.

machine         the machine, and CPU time of a program that is run on it
captures        the captures that are read: made ones, and the benign ones there are, merged
floors          what the same packets cost a program that does nothing with them
others          programs of Debian that a user would run instead
rows            one function for each row of the table
table           rows as text
"""
