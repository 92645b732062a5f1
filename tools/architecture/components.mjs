// Groups of nodes that reach one another, after Tarjan: with them come cycles and floors.

/** The strongly connected components of a graph, each behind all that it reaches. `next` gives a node's neighbours. */
export function components(nodes, next) {
  const indexes = new Map();
  const lowest = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    indexes.set(node, indexes.size);
    lowest.set(node, indexes.get(node));
    stack.push(node);
    for (const neighbour of next(node)) {
      if (!indexes.has(neighbour)) {
        visit(neighbour);
        lowest.set(node, Math.min(lowest.get(node), lowest.get(neighbour)));
      } else if (stack.includes(neighbour)) {
        lowest.set(node, Math.min(lowest.get(node), indexes.get(neighbour)));
      }
    }
    if (lowest.get(node) === indexes.get(node)) found.push(stack.splice(stack.indexOf(node)));
  };
  for (const node of nodes) if (!indexes.has(node)) visit(node);
  return found;
}

/** The floor of each node: 0 for one that reaches no other, else one above the highest that it reaches. */
export function floors(nodes, next) {
  const floorOf = new Map();
  for (const group of components(nodes, next)) {
    const below = group.flatMap((node) => [...next(node)]).filter((node) => !group.includes(node));
    const floor = Math.max(-1, ...below.map((node) => floorOf.get(node))) + 1;
    for (const node of group) floorOf.set(node, floor);
  }
  return floorOf;
}
