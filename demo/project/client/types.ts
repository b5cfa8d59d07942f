/** What the service sends. Times are whole seconds since 1970, UTC. */

export type Seconds = number;

export interface Stock {
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly copies: number;
  readonly out: number;
  readonly available: number;
  readonly loan_days: number;
  readonly retired: boolean;
}

export interface Member {
  readonly card: string;
  readonly name: string;
  readonly joined_at: Seconds;
  readonly blocked: boolean;
}

export interface Loan {
  readonly id: number;
  readonly tool_id: number;
  readonly lent_at: Seconds;
  readonly due_at: Seconds;
  readonly returned_at: Seconds | null;
  readonly renewals: number;
  readonly overdue: boolean;
}

export interface Returned {
  readonly loan: Loan;
  readonly days_late: number;
}

/** The codes that the kiosk turns into its own words. */
export type ErrorCode =
  | "bad_request"
  | "not_found"
  | "duplicate"
  | "none_left"
  | "member_blocked"
  | "too_many_loans"
  | "already_returned"
  | "renewal_refused";

export interface Problem {
  readonly error: ErrorCode;
  readonly detail: string;
}

export interface NewTool {
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly copies?: number;
  readonly loan_days?: number;
}
