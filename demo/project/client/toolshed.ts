import type { ErrorCode, Loan, Member, NewTool, Problem, Returned, Stock } from "./types";

/** Anything that behaves like `fetch`; the kiosk passes its own with a time-out. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  readonly baseUrl: string;
  readonly fetch?: Fetch;
  /** How often a request that never reached the service is sent again. */
  readonly retries?: number;
}

/** The service said no. `code` is stable, `message` is for people. */
export class ShedError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = "ShedError";
  }
}

/** The service could not be reached at all. */
export class Unreachable extends Error {
  constructor(readonly attempts: number) {
    super(`no answer after ${attempts} attempts`);
    this.name = "Unreachable";
  }
}

export class Toolshed {
  private readonly fetch: Fetch;
  private readonly retries: number;

  constructor(private readonly options: ClientOptions) {
    this.fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.retries = options.retries ?? 2;
  }

  async find(words = "", onlyAvailable = false): Promise<readonly Stock[]> {
    const query = new URLSearchParams({ q: words });
    if (onlyAvailable) {
      query.set("available", "1");
    }
    const answer = await this.get<{ tools: Stock[] }>(`/tools?${query}`);
    return answer.tools;
  }

  async tool(code: string): Promise<Stock> {
    return this.get<Stock>(`/tools/${encodeURIComponent(code)}`);
  }

  async addTool(tool: NewTool): Promise<Stock> {
    return this.post<Stock>("/tools", tool);
  }

  async join(card: string, name: string): Promise<Member> {
    return this.post<Member>("/members", { card, name });
  }

  async loans(card: string): Promise<readonly Loan[]> {
    const answer = await this.get<{ loans: Loan[] }>(`/members/${encodeURIComponent(card)}/loans`);
    return answer.loans;
  }

  async lend(code: string, card: string): Promise<Loan> {
    return this.post<Loan>("/loans", { code, card });
  }

  async giveBack(loanId: number): Promise<Returned> {
    return this.post<Returned>(`/loans/${loanId}/return`, {});
  }

  async renew(loanId: number): Promise<Loan> {
    return this.post<Loan>(`/loans/${loanId}/renew`, {});
  }

  private get<T>(path: string): Promise<T> {
    return this.send<T>(path, { method: "GET" });
  }

  private post<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  private async send<T>(path: string, init: RequestInit): Promise<T> {
    const response = await this.reach(`${this.options.baseUrl}${path}`, init);
    const value: unknown = await response.json();
    if (!response.ok) {
      const problem = value as Problem;
      throw new ShedError(problem.error, problem.detail, response.status);
    }
    return value as T;
  }

  private async reach(url: string, init: RequestInit): Promise<Response> {
    for (let attempt = 0; attempt <= this.retries; attempt += 1) {
      try {
        return await this.fetch(url, init);
      } catch (problem) {
        // Only a request that failed on its way may be repeated; an answer, even a refusal, stands.
        if (init.method !== "GET" || !(problem instanceof TypeError)) {
          throw problem;
        }
      }
    }
    throw new Unreachable(this.retries + 1);
  }
}
