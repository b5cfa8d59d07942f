#!/usr/bin/env node
// Keeps notes.
import fs, { readFile } from "node:fs";
import React from "react";
const path = require("path");

/** How many notes fit. */
export const LIMIT = 80;
const TABLE = {
  a: 1,
  b: [1, 2],
};
let one = 1, two;

/**
 * Keeps notes.
 * @extends Base
 */
export class Store extends mixin(Base) {
  static kind = "plain";
  #count = 0;
  notes;
  handle = async (event) => { console.log(event); };

  constructor(root, { limit = LIMIT, deep } = {}, ...rest) {
    super(root);
    this.root = root;
  }

  /** Read one. */
  async read(name, depth = 1, [first, second] = []) {
    if (!name) throw new NotFound(name);
    this.#count += 1;
    return readFile(name);
  }

  get size() { return this.#count; }
  set size(value) { this.#count = value; }
  static async *all(into) { into.push(1); yield fetch("x"); }
  ["computed" + 1](a) {}
  #hidden() {}
  static { setup(); }
}

function plain(a, b = 2) {
  function local() { throw new Hidden(); }
  return local;
}

export default function Page({ title, children }) {
  return <main title={title}>{children}</main>;
}

export function* walk(tree) { yield* tree; }
export const fold = (items, by = (a) => a) => items.map(by);
const first = x => x, last = async function named(items) { items.length = 0; };
const Deep = class extends Store { inner() {} };
const api = {
  get(id) { return id; },
  post: async (body) => body,
  "quoted-name": function (a) {},
  version: 1,
};

Store.prototype.late = function (a) { process.exit(a); };
exports.helper = (a, b) => { a.x = b; };
exports.Shelf = class Shelf extends Store { stack(name) { return name; } };
module.exports = { plain, twice(a) { return 2 * a; }, third: (b) => b };
export { plain as simple, fs };
export * from "./errors.js";

if (LIMIT) {
  plain(path, one, two, TABLE, React, first, last, Deep, api);
}
