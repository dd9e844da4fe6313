// What the viewer goes on in: the pictures of a wall in their order, loaded as far as they are asked for.

/** @param {import("./wall.js").Wall} wall @param {string | null} name @returns {import("../../types").PhotoList} */
export const listOf = (wall, name) => ({
  get total() { return wall.sections.total; },
  name,
  async around(id) {
    if (!wall.sections.placeOf(id)) await wall.options.find?.(id);
    const place = wall.sections.placeOf(id), image = place?.section.images?.[place.index];
    if (!image) return null;
    const position = wall.numberOf(id);
    const [previous, next] = await Promise.all([wall.at(position - 1), wall.at(position + 1)]);
    return { image, previous, next, position };
  },
});
