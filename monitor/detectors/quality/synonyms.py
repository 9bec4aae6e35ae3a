"""Words that mean the same in columns that people fill in, and letters that only look the same."""

from collections.abc import Sequence

GROUPS: Sequence[frozenset[str]] = tuple(
    frozenset(words.split(", "))
    for words in (
        "female, f, woman, women, girl, lady, fem",
        "male, m, man, men, boy, gentleman, guy",
        "yes, y, true, t, on",
        "no, n, false, off",
        "married, wedded",
        "single, unmarried, never married",
        "divorced, div",
        "widowed, widow, widower",
        "unknown, unk, not known, n/a, na, not available, not specified, unspecified",
        "other, others, misc, miscellaneous",
        "none, nothing, nil",
        "high, hi",
        "low, lo",
        "medium, med, mid",
        "monday, mon",
        "tuesday, tue, tues",
        "wednesday, wed",
        "thursday, thu, thur, thurs",
        "friday, fri",
        "saturday, sat",
        "sunday, sun",
        "january, jan",
        "february, feb",
        "march, mar",
        "april, apr",
        "june, jun",
        "july, jul",
        "august, aug",
        "september, sep, sept",
        "october, oct",
        "november, nov",
        "december, dec",
        "usa, us, united states, united states of america, u.s., u.s.a., america",
        "uk, united kingdom, great britain, gb",
        "germany, deutschland, de, deu",
        "car, auto, automobile",
        "bicycle, bike, cycle",
        "mobile, cell, cellphone, mobile phone",
        "telephone, phone",
        "email, e mail, mail address",
        "doctor, dr, physician",
        "street, st, str",
        "company, firm, enterprise",
        "student, pupil",
    )
)
"""Each group is one meaning, in the form of `suggestion.plain`; no word stands in two groups."""

LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХаеорсухіΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",  # noqa: RUF001  these are the letters meant
    "ABEKMHOPCTYXaeopcyxiABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters to the Latin ones that look the same."""
