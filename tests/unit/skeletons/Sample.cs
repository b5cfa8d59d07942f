// Copyright 2026 the notes project.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using static System.Math;
using Names = System.Collections.Generic.List<string>;

namespace Notes.Core;

/// <summary>Keeps notes.</summary>
/// <remarks>Long words.</remarks>
[Serializable, Obsolete("old")]
public abstract partial class Store<T> : IReader<T>, IDisposable where T : class, new()
{
    /// <summary>
    /// How many notes fit.
    /// </summary>
    public const int Limit = 80;
    private static readonly Dictionary<string, int> Table = new()
    {
        ["a"] = 1,
    };
    protected int count, size = 1;
    private readonly List<T> notes = new();

    public event EventHandler<EventArgs>? Changed;
    public event Action Closed { add { count++; } remove { } }

    static Store() { }

    protected Store(string path, int depth = 3, params string[] names) : this()
    {
        this.count = names.Length;
        ArgumentNullException.ThrowIfNull(path);
    }

    protected Store() => count = 1;

    ~Store() { Console.WriteLine("gone"); }

    [field: NonSerialized]
    public string Name { get; private set; } = "none";
    public int Size => notes.Count;
    public virtual T? First
    {
        get { return notes.Count > 0 ? notes[0] : null; }
        protected set { notes.Insert(0, value!); }
    }
    public T this[int place, string name = ""] { get => notes[place]; set { notes[place] = value; } }

    public static Store<T> operator +(Store<T> a, Store<T> b) => a;
    public static explicit operator int(Store<T> store) => store.count;

    /// <inheritdoc/>
    public async Task<T> ReadAsync<K>(K key, [Note] ref int place, out string error, T? fallback = default)
        where K : notnull
    {
        void Local() { throw new NotSupportedException(); }
        count++;
        if (key.Equals(null)) throw new KeyNotFoundException("x");
        await File.ReadAllTextAsync("x");
        error = "";
        return fallback ?? throw new InvalidOperationException();
    }

    public void Fill(List<int> into, int[] sizes) { into.Add(1); sizes[0] = Max(1, 2); }

    partial void Done();
    public abstract int Rank(in int a);
    void IDisposable.Dispose() { Environment.Exit(1); }

    private class Inner { public int Depth; }
}

public interface IReader<out T>
{
    int Count { get; }
    T Read(string name) => throw new NotImplementedException();
}

public record Pair<A>(A Left, int Right = 1) : Base(Right), IComparable
{
    public int CompareTo(object? other) => 0;
}

public record Base(int X);
public readonly record struct Point(double X, double Y);
public struct Size { public int Width, Height; }

[Flags]
public enum Level : byte
{
    Low = 1,
    High,
}

[AttributeUsage(AttributeTargets.Parameter)]
public class NoteAttribute : Attribute { }

public delegate Task<bool> Visit<in T>(T note, string name = "none");

public static class Notes
{
    public static int Twice(this int of) => 2 * of;
    public static readonly Func<int, int> Fold = a => a + 1;
}
