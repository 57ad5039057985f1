// Falls over in the way its payload names, or answers what no host commits.
export default function handle(payload) {
  switch (payload?.do) {
    case "panic": throw new Error("no more shelves");
    case "trap": return place(null);
    case "nul": return { shelf: { label: "a\0b" } };
    case "schema": return { pages: "three" };
    default: return { pages: 3 };
  }
}

const place = (shelf) => shelf.books;
