class Database:
    queries = 0

    def run(self, text):
        Database.queries += 1
        return [Row(text, number) for number in range(3)]


class Row:
    def __init__(self, text, number):
        self.__dict__["_data"] = {"text": text, "number": number}

    def __getattr__(self, name):
        database.run(f"column {name}")
        try:
            return self._data[name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self):
        return f"<Row {self.number} of {len(QuerySet('all'))}>"

    def __eq__(self, other):
        database.run("equal")
        return True

    __hash__ = None


class QuerySet:
    def __init__(self, text):
        self.text, self.result = text, None

    def fetch(self):
        if self.result is None:
            self.result = database.run(self.text)
        return self.result

    def __iter__(self):
        return iter(self.fetch())

    def __len__(self):
        return len(self.fetch())

    def __bool__(self):
        return bool(self.fetch())

    def __getitem__(self, index):
        return self.fetch()[index]

    def __repr__(self):
        return repr(self.fetch())

    def filter(self, text):
        return QuerySet(f"{self.text} {text}")


class Promise:
    def __init__(self, compute):
        self._compute = compute

    def __getattribute__(self, name):
        Database.queries += 100
        return getattr(object.__getattribute__(self, "_compute")(), name)


def use(rows, promise):
    fewer = rows.filter("few")
    fewest = fewer.filter("fewest")
    return fewest


database = Database()
rows, promise = QuerySet("rows"), Promise(lambda: "text")
found = use(rows, promise)
print(Database.queries, rows.result, found.text)
print(len(found), Database.queries)
for row in found:
    print(row.number, Database.queries)
print(promise.upper(), Database.queries)
