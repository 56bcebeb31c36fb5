import library

before = 1
library.fail(2)
