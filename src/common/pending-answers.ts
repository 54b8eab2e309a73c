/** Questions to another process or thread, by their numbers, until it answers. */
export class PendingAnswers<Answer> {
  private readonly pending = new Map<number, PromiseWithResolvers<Answer>>();
  private nextId = 0;

  get size(): number {
    return this.pending.size;
  }

  /** `send` sends the question with the number that the answer has to come with: 0, 1, … */
  ask(send: (id: number) => void): Promise<Answer> {
    const id = this.nextId++;
    const answer = Promise.withResolvers<Answer>();
    this.pending.set(id, answer);
    send(id);
    return answer.promise;
  }

  resolve(id: number, answer: Answer): void {
    this.pending.get(id)?.resolve(answer);
    this.pending.delete(id);
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
