// Shows the timetable.
import { useState, type ReactNode } from "react";

export interface Props<T> {
  rows: T[];
  onPick?(row: T): void;
  children?: ReactNode;
}

/** A list of rows. */
export function Table<T extends { id: string }>({ rows, onPick, children }: Props<T>) {
  const [open, setOpen] = useState(false);
  return (
    <ul onClick={() => setOpen(!open)}>
      {rows.map((row) => (
        <li key={row.id} onClick={() => onPick?.(row)}>
          {row.id}
        </li>
      ))}
      {open && children}
    </ul>
  );
}

export const Empty = ({ text = "nothing" }: { text?: string }): JSX.Element => <p>{text}</p>;

export default class Page extends React.Component<Props<{ id: string }>> {
  state = { shown: true };

  render() {
    return <Table {...this.props} />;
  }
}
