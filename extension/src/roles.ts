import type { Role } from "./protocol";

/** What an agent can be in a session. */
export const ROLES: { role: Role; label: string; description: string }[] = [
  { role: "engineer", label: "Engineer", description: "builds and changes the code" },
  { role: "qa", label: "QA", description: "tests, and looks for what is wrong" },
  { role: "product", label: "Product", description: "shapes what is to be built" },
];
