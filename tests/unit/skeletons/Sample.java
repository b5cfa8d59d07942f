/*
 * Copyright 2026 the notes project.
 */
package notes;

import java.io.IOException;
import java.nio.file.*;
import java.util.*;
import static java.lang.Math.max;

/**
 * Keeps notes.
 *
 * @param <T> what a note is
 */
@SuppressWarnings("unchecked")
public abstract sealed class Sample<T extends Comparable<T>> extends AbstractList<T> implements Iterable<T>
    permits Sample.Deep {
  /** How many notes fit. */
  public static final int LIMIT = 80;
  private static final Map<String, Integer> TABLE = Map.of(
      "a", 1,
      "b", 2);
  protected final List<T> notes = new ArrayList<>();
  private int count, sizes[] = {1, 2};

  static {
    System.out.println("loaded");
  }

  protected Sample(List<? extends T> from, final int... sizes) throws IOException {
    this.count = sizes.length;
    if (from == null) throw new IllegalArgumentException("from");
  }

  /** {@link Map} aside, reads one. */
  @Override
  @Deprecated(since = "2", forRemoval = true)
  public T get(int place) {
    if (place < 0) {
      throw new NoSuchElementException();
    }
    return notes.get(place);
  }

  public synchronized <K, V extends K> Map<K, List<V>> group(Map<K, V> from, @SafeNote String[] names)
      throws IOException, InterruptedException {
    Runnable local = () -> { throw new IllegalStateException(); };
    count++;
    notes.clear();
    from.clear();
    names[0] = "x";
    Files.readString(Path.of("x"));
    return null;
  }

  abstract int rank(int a, char[] b[]);

  static void leave() { System.exit(1); }

  @interface SafeNote {
    String value() default "none";
    int[] sizes() default {};
  }

  enum Level implements Runnable {
    /** A little. */
    LOW(1),
    @Deprecated HIGH(2) {
      @Override public void run() { }
    };

    private final int rank;

    Level(int rank) { this.rank = rank; }

    public void run() { }
  }

  record Pair<A, B>(A left, @SafeNote B right) implements Comparable<Pair<A, B>> {
    static final int SIZE = 2;

    Pair {
      Objects.requireNonNull(left);
    }

    Pair(A left) { this(left, null); }

    public int compareTo(Pair<A, B> other) { return 0; }
  }

  interface Visitor<R> {
    int DEPTH = 1;

    R visit(Sample<?> sample);

    default R twice(Sample<?> sample) { visit(sample); return visit(sample); }
  }

  static final class Deep<T extends Comparable<T>> extends Sample<T> {
    Deep() throws IOException { super(List.of()); }

    int rank(int a, char[] b[]) { return max(a, 1); }

    public int size() { return 0; }

    class Inner { int depth; }
  }
}
